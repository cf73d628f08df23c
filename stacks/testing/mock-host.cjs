'use strict';
/* eslint-disable @typescript-eslint/no-require-imports -- Pulumi programs are CommonJS, and this host loads them anew by require */
/**
 * Child process of ProgramHost: runs stack programs under Pulumi mocks. The SDK is loaded once, a program anew for every run.
 * Messages in: {id, stack, config, preview}; out: {id, run} in the shape of ProgramRun (program-host.ts).
 */
const Module = require('node:module');
const path = require('node:path');
const { transformFileSync } = require('@swc/core');
const pulumi = require('@pulumi/pulumi');

const STACKS = path.dirname(__dirname);

// Programs are TypeScript and import `.js`: compile on load, and look for the `.ts` behind a relative `.js`.
const compiled = new Map();
Module._extensions['.ts'] = (module, filename) => {
  if (!compiled.has(filename)) {
    compiled.set(filename, transformFileSync(filename, { module: { type: 'commonjs' }, sourceMaps: 'inline' }).code);
  }
  module._compile(compiled.get(filename), filename);
};
const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, parent, ...rest) {
  const ours = parent?.filename?.endsWith('.ts') && request.startsWith('.') && request.endsWith('.js');
  return resolveFilename.call(this, ours ? `${request.slice(0, -3)}.ts` : request, parent, ...rest);
};

/** What the cloud would compute, beyond the inputs. */
function computed(type, name, inputs) {
  const common = { arn: `arn:aws:mock:::${name}`, name: inputs.name ?? `${name}-1234567` };
  switch (type) {
    case 'aws:route53/zone:Zone':
      return { ...common, zoneId: 'Z0MADE', nameServers: ['ns-1.example.net', 'ns-2.example.net'] };
    case 'aws:acm/certificate:Certificate':
      return {
        ...common,
        domainValidationOptions: [
          { resourceRecordName: '_proof', resourceRecordType: 'CNAME', resourceRecordValue: '_value' },
        ],
      };
    case 'aws:route53/record:Record':
      return { fqdn: inputs.name };
    case 'aws:ec2/eip:Eip':
      return { ...common, allocationId: `${name}-allocation`, publicIp: '192.0.2.1' };
    case 'random:index/randomPassword:RandomPassword':
      return { ...common, result: `canary-${name}` }; // nobody but a secret's version may show it
    case 'aws:kms/key:Key':
      return { ...common, keyId: `${name}-key-id` };
    case 'aws:eks/cluster:Cluster':
      return {
        ...common,
        endpoint: 'https://eks.example.internal',
        certificateAuthority: { data: 'certificate' },
        identities: [{ oidcs: [{ issuer: 'https://oidc.example.com/id/1' }] }],
        vpcConfig: { ...inputs.vpcConfig, clusterSecurityGroupId: 'sg-cluster' },
      };
    case 'aws:eks/nodeGroup:NodeGroup':
      return { ...common, nodeGroupName: `${name}-1234567` };
    case 'aws:ec2/launchTemplate:LaunchTemplate':
      return { ...common, latestVersion: 1 };
    case 'aws:cognito/userPool:UserPool':
      return { ...common, endpoint: `cognito-idp.us-east-1.amazonaws.com/${name}-id` };
    case 'aws:efs/fileSystem:FileSystem':
      return { ...common, dnsName: `${name}.efs.example.com` };
    case 'aws:rds/instance:Instance':
      return {
        address: `${name}.example.internal`,
        endpoint: `${name}.example.internal:${inputs.port}`,
        resourceId: `db-${name}`,
        ...common,
        ...(inputs.manageMasterUserPassword
          ? { masterUserSecrets: [{ secretArn: `arn:aws:mock:::${name}-master-secret`, secretStatus: 'active' }] }
          : {}),
      };
    case 'aws:sqs/queue:Queue':
      return { ...common, url: `https://sqs.example.com/${name}` };
    case 'aws:apigatewayv2/api:Api':
      return { ...common, apiEndpoint: 'https://api-1.example.com', executionArn: 'arn:aws:execute-api:::api-1' };
    case 'aws:apigatewayv2/domainName:DomainName':
      return {
        ...common,
        domainNameConfiguration: {
          ...inputs.domainNameConfiguration,
          targetDomainName: 'd-1.example.net',
          hostedZoneId: 'Z0GATEWAY',
        },
      };
    case 'aws:ecr/repository:Repository':
      return { ...common, repositoryUrl: `111111111111.dkr.ecr.us-east-1.amazonaws.com/${inputs.name}` };
    case 'aws:lb/loadBalancer:LoadBalancer':
      return {
        ...common,
        arnSuffix: `app/${name}/0a`,
        dnsName: `${name}.elb.example.com`,
        zoneId: 'Z0BALANCER',
      };
    case 'aws:lb/targetGroup:TargetGroup':
      return { ...common, arnSuffix: `targetgroup/${name}/0b` };
    default:
      return common;
  }
}

async function run({ stack, config, preview }) {
  const resources = [];
  const invokes = [];
  const warnings = [];
  const failures = [];
  const onRejection = (error) => failures.push(error);
  process.on('unhandledRejection', onRejection);

  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => ({
        id: preview ? undefined : `${name}-id`,
        state: preview ? inputs : { ...inputs, ...computed(type, name, inputs) },
      }),
      call: ({ token, inputs }) => {
        invokes.push({ token, inputs });
        if (token.endsWith(':getSecretVersion')) return { ...inputs, secretString: '{"googleClientSecret":"entered"}' };
        return { ...inputs, id: inputs.zoneId, name: 'given.example.com', nameServers: ['ns-9.example.net'] };
      },
    },
    'business-project',
    `test-${stack}`,
    preview,
  );
  const monitor = require('@pulumi/pulumi/runtime').getMonitor();
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    const timeouts = request.getCustomtimeouts();
    resources.push({
      type: request.getType(),
      name: request.getName(),
      inputs: request.getObject().toJavaScript(),
      protect: request.getProtect(),
      dependencies: request.getDependenciesList().map((urn) => urn.split('::').at(-1)),
      ignoreChanges: request.getIgnorechangesList(),
      timeouts: timeouts
        ? { create: timeouts.getCreate(), update: timeouts.getUpdate(), delete: timeouts.getDelete() }
        : null,
    });
    return register(request, callback);
  };
  pulumi.log.warn = (message) => {
    warnings.push(message);
    return Promise.resolve();
  };
  pulumi.runtime.setAllConfig(config);
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(STACKS) && file !== __filename) delete require.cache[file];
  }

  let outputs = {};
  try {
    const exported = require(path.join(STACKS, stack, 'src', 'index.ts'));
    outputs = (await pulumi.output(exported).promise()) ?? {}; // undefined in a preview: nothing is known
  } catch (error) {
    failures.push(error);
  }
  await pulumi.runtime.disconnect();
  process.off('unhandledRejection', onRejection);

  const [error] = failures;
  return {
    resources,
    invokes,
    warnings,
    outputs,
    undefinedOutputs: Object.keys(outputs).filter((key) => outputs[key] === undefined),
    error: error && { name: error.constructor.name, message: error.message, key: error.key },
  };
}

let queue = Promise.resolve();
process.on('message', (request) => {
  queue = queue.then(async () => process.send({ id: request.id, run: await run(request) }));
});
process.on('disconnect', () => process.exit());
