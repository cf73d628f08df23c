import { findPlaceholders, findProblems, parseText, referencedStacks, wholePlaceholder } from './parse.js';

const canonical = (text: string) => findPlaceholders(text).map(({ item }) => item.canonical);
const rules = (text: string) => findProblems(text).map(({ item }) => item.ruleId);
const literal = (text: string) =>
  parseText(text)
    .segments.map((segment) => ('literal' in segment ? segment.literal : '·'))
    .join('');

describe('placeholder grammar (deployments.md 5.1, 5.2)', () => {
  it.each([
    ['{{RUNTIME:network:vpcId}}', '{{RUNTIME:network:vpcId}}'],
    ['{{ RUNTIME:network:vpcId }}', '{{RUNTIME:network:vpcId}}'],
    ['${network.vpcId}', '{{RUNTIME:network:vpcId}}'],
    ['${stack.network.vpcId}', '{{RUNTIME:network:vpcId}}'],
    ['${network.subnets.0}', '{{RUNTIME:network:subnets.0}}'],
    ['{{network.vpcId}}', '{{RUNTIME:network:vpcId}}'],
    ['{{RUNTIME:aws:latestAmiId:amazonLinux2}}', '{{RUNTIME:aws:latestAmiId:amazonLinux2:x86_64}}'],
    ['${aws.latestAmi.amazonLinux2.arm64.eu-west-1}', '{{RUNTIME:aws:latestAmiId:amazonLinux2:arm64:eu-west-1}}'],
    ['${aws.latestAmiId.ubuntu2204}', '{{RUNTIME:aws:latestAmiId:ubuntu2204:x86_64}}'],
    ['{{RUNTIME:aws:availabilityZones:eu-west-1:2}}', '{{RUNTIME:aws:availabilityZones:eu-west-1:2}}'],
    ['${aws.availabilityZones.eu-west-1}', '{{RUNTIME:aws:availabilityZones:eu-west-1}}'],
    ['{{RUNTIME:aws:ssmParameter:/a/b:3}}', '{{RUNTIME:aws:ssmParameter:/a/b:3}}'],
    ['${aws.ssm./a/b c}', '{{RUNTIME:aws:ssmParameter:/a/b c}}'],
    ['${aws.ssm/app/db}', '{{RUNTIME:aws:ssmParameter:app/db}}'],
    ['{{SECRET:db#password}}', '{{RUNTIME:aws:secret:db#password}}'],
    ['${aws.secret.db/main#password}', '{{RUNTIME:aws:secret:db/main#password}}'],
    ['{{RUNTIME:aws:secret:arn:aws:x}}', '{{RUNTIME:aws:secret:arn:aws:x}}'],
    ['{{AWS:route53:hostedZone:example.com}}', '{{RUNTIME:aws:hostedZone:example.com}}'],
    ['{{AWS:route53:example.com}}', '{{RUNTIME:aws:hostedZone:example.com}}'],
    ['{{AWS:acm:certificate:example.com}}', '{{RUNTIME:aws:certificate:example.com}}'],
    ['{{AWS:acm:example.com}}', '{{RUNTIME:aws:certificate:example.com}}'],
    ['${aws.vpc.default}', '{{RUNTIME:aws:vpc:default}}'],
    ['${aws.account.id}', '{{RUNTIME:aws:account:id}}'],
    ['${aws.region.current}', '{{RUNTIME:aws:region:current}}'],
    ['{{RUNTIME:calculate:subnets:10.0.0.0/16:24:3}}', '{{RUNTIME:calculate:subnets:10.0.0.0/16:24:3}}'],
    ['{{RUNTIME:calculate:timestamp}}', '{{RUNTIME:calculate:timestamp:iso8601}}'],
    ['${calculate.timestamp.unix}', '{{RUNTIME:calculate:timestamp:unix}}'],
    ['${calculate.password.32}', '{{RUNTIME:calculate:randomPassword:32}}'],
    ['{{RUNTIME:calculate:randomPassword}}', '{{RUNTIME:calculate:randomPassword:32}}'],
    ['{{RUNTIME:calculate:password:16}}', '{{RUNTIME:calculate:randomPassword:16}}'],
    ['${calculate.uuid}', '{{RUNTIME:calculate:uuid}}'],
    ['${calculate.timestamp.date}', '{{RUNTIME:calculate:timestamp:date}}'],
    ['{{RUNTIME:env:CLOUD_TIER}}', '{{RUNTIME:env:CLOUD_TIER}}'],
    ['${env.AWS_REGION}', '{{RUNTIME:env:AWS_REGION}}'],
    ['{{ENV:sizes.small}}', '{{ENV:sizes.small}}'],
    ['${env.account_id}', '${env.accountId}'],
    ['${env.environment}', '${env.name}'],
    ['${env.accountId}', '${env.accountId}'],
    ['${env.region}', '${env.region}'],
    ['${deployment.id}', '${deployment.id}'],
    ['${deployment.org}', '${deployment.org}'],
    ['${deployment.project}', '${deployment.project}'],
    ['${deployment.domain}', '${deployment.domain}'],
  ])('[5.2] %s means %s', (text, expected) => {
    expect(canonical(text)).toEqual([expected]);
    expect(canonical(expected)).toEqual([expected]);
  });

  it.each([
    '${version}',
    '{{NAME}}',
    'arn:aws:iam::${AWS::AccountId}',
    '${aws:SourceIp}',
    '${a.b c}',
    '{"a":{"b":1}}',
    '${x.y',
  ])('%s is plain text', (text) => {
    expect(literal(text)).toBe(text);
    expect(rules(text)).toEqual([]);
  });

  it.each([
    ['\\{{RUNTIME:network:vpcId}}', '{{RUNTIME:network:vpcId}}'],
    ['$${network.vpcId}', '${network.vpcId}'],
    ['a \\{{ b ${network.vpcId} c', 'a {{ b · c'],
  ])('%s is escaped', (text, expected) => expect(literal(text)).toBe(expected));

  it.each([
    ['PH-001', '{{OUTPUT:network:vpcId}}'],
    ['PH-001', '{{RUNTIME:network:vpcId'],
    ['PH-001', '{{RUNTIME:}}'],
    ['PH-001', '{{RUNTIME:a:{{RUNTIME:b:c}}}}'],
    ['PH-001', `{{RUNTIME:network:${'x'.repeat(513)}}}`],
    ['PH-001', '{{RUNTIME:net work:vpcId}}'],
    ['PH-002', '{{RUNTIME:network}}'],
    ['PH-002', '{{RUNTIME:network:a:b}}'],
    ['PH-002', '{{RUNTIME:aws:nothing:x}}'],
    ['PH-002', '{{RUNTIME:aws:account:id:x}}'],
    ['PH-002', '{{RUNTIME:aws:vpc:main}}'],
    ['PH-002', '{{RUNTIME:aws:region:current:x}}'],
    ['PH-002', '{{RUNTIME:aws:latestAmiId}}'],
    ['PH-002', '{{RUNTIME:calculate:nothing}}'],
    ['PH-002', '${deployment.name}'],
    ['PH-002', '{{RUNTIME:aws:availabilityZones:2:eu-west-1}}'],
    ['PH-002', '{{RUNTIME:calculate:uuid:4}}'],
    ['PH-002', '{{RUNTIME:calculate:subnets:10.0.0.0/16:24}}'],
    ['PH-002', '{{RUNTIME:calculate:timestamp:rfc}}'],
    ['PH-002', '${calculate.subnets.10.0}'],
    ['PH-002', '{{RUNTIME:env:lower}}'],
    ['PH-002', '${env.size}'],
    ['PH-002', '{{AWS:s3:bucket}}'],
    ['PH-W01', '{{network.vpcId}}'],
  ])('[%s] %s', (rule, text) => expect(rules(text)).toEqual([rule]));

  it('finds placeholders in values, not in keys, with their path', () => {
    const config = {
      '{{RUNTIME:key:x}}': 1,
      list: [{ cidr: 'a ${network.cidr} ${dns.zone}' }],
      deep: { subnets: ['x', '{{RUNTIME:network:subnetIds}}'] },
      count: 3,
      none: null,
    };
    expect(findPlaceholders(config).map(({ path, item }) => [path, item.canonical])).toEqual([
      ['list[0].cidr', '{{RUNTIME:network:cidr}}'],
      ['list[0].cidr', '{{RUNTIME:dns:zone}}'],
      ['deep.subnets[1]', '{{RUNTIME:network:subnetIds}}'],
    ]);
    expect(referencedStacks(config)).toEqual(['dns', 'network']);
  });

  it('tells a whole value from one inside a text', () => {
    expect(wholePlaceholder(parseText('  ${network.vpcId} ').segments)?.canonical).toBe('{{RUNTIME:network:vpcId}}');
    expect(wholePlaceholder(parseText('id ${network.vpcId}').segments)).toBeNull();
    expect(wholePlaceholder(parseText('${a.b}${a.c}').segments)).toBeNull();
  });
});
