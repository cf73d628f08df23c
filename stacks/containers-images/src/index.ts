import * as pulumi from '@pulumi/pulumi';
import {
  assertMatches,
  assertNames,
  assertOneOf,
  assertRange,
  assertThat,
  type BuildConfig,
  type ContainersImagesConfig,
  type Context,
  input,
  InvalidInput,
  type InputReader,
  loadContext,
  TAG_MUTABILITIES,
} from '../../shared/index.js';
import { createBuildLogs, createProjects } from './codebuild.js';
import { createBuildRole } from './iam.js';
import { createLifecyclePolicies } from './lifecycle-policies.js';
import { containersImagesOutputs } from './outputs.js';
import { createRepositories } from './repositories.js';

/** Machines of CodeBuild on which Docker can run; its Lambda machines cannot. */
const COMPUTE_TYPES = [
  'BUILD_GENERAL1_SMALL',
  'BUILD_GENERAL1_MEDIUM',
  'BUILD_GENERAL1_LARGE',
  'BUILD_GENERAL1_XLARGE',
  'BUILD_GENERAL1_2XLARGE',
] as const;
const CONNECTION = /^arn:aws:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection\/[0-9a-f-]+$/;

function readBuilds(read: InputReader): BuildConfig | undefined {
  const url = read.optString('sourceRepositoryUrl');
  const branch = read.optString('sourceBranch');
  const connection = read.optString('sourceConnectionArn');
  const timeout = read.optNumber('buildTimeoutMinutes');
  const computeType = read.optString('buildComputeType');

  if (url !== undefined) {
    assertMatches('containers-images:sourceRepositoryUrl', url, /^https:\/\/[^\s/@]+\/\S+$/, 'expected an https URL');
  }
  if (connection !== undefined) {
    const rule = 'expected the ARN of a connection';
    assertMatches('containers-images:sourceConnectionArn', connection, CONNECTION, rule);
  }
  if (timeout !== undefined) assertRange('containers-images:buildTimeoutMinutes', timeout, 5, 480);
  if (computeType !== undefined) assertOneOf('containers-images:buildComputeType', computeType, COMPUTE_TYPES);
  if (url === undefined) return undefined;
  const expected = 'expected a string, because sourceRepositoryUrl is set';
  if (connection === undefined) throw new InvalidInput('containers-images:sourceConnectionArn', undefined, expected);
  if (computeType === undefined) throw new InvalidInput('containers-images:buildComputeType', undefined, expected);
  return {
    sourceRepositoryUrl: url,
    sourceBranch: branch,
    sourceConnectionArn: connection,
    timeoutMinutes: timeout,
    computeType,
  };
}

function readConfig(ctx: Context): ContainersImagesConfig {
  const read = input(new pulumi.Config('containers-images'));
  const inRange = (key: 'retainImageCount' | 'untaggedExpiryDays', value: number | undefined, most: number) =>
    value === undefined ? undefined : assertRange(`containers-images:${key}`, value, 1, most);

  const repositories = read.optArray('repositories');
  if (!repositories)
    throw new InvalidInput('containers-images:repositories', undefined, 'expected an array of strings');
  const mutability = read.optString('imageTagMutability');
  const imageTagMutability =
    mutability === undefined
      ? undefined
      : assertOneOf('containers-images:imageTagMutability', mutability, TAG_MUTABILITIES);
  if (ctx.environment === 'prod') {
    const isFixed = imageTagMutability === 'IMMUTABLE';
    assertThat('containers-images:imageTagMutability', imageTagMutability, isFixed, 'must be IMMUTABLE in prod');
  }

  return {
    applicationKeyArn: read.requireString('applicationKeyArn', 'security:applicationKeyArn'),
    infrastructureKeyArn: read.requireString('infrastructureKeyArn', 'security:infrastructureKeyArn'),
    repositories: assertNames('containers-images:repositories', repositories, { least: 1, most: 20 }),
    imageTagMutability,
    retainImageCount: inRange('retainImageCount', read.optNumber('retainImageCount'), 1000),
    untaggedExpiryDays: inRange('untaggedExpiryDays', read.optNumber('untaggedExpiryDays'), 30),
    builds: readBuilds(read),
  };
}

const ctx = loadContext('containers-images');
const cfg = readConfig(ctx);

const repositories = createRepositories(ctx, cfg);
createLifecyclePolicies(ctx, cfg, repositories);
const logs = createBuildLogs(ctx, cfg);
const role = createBuildRole(ctx, cfg, repositories, logs);
const builds = createProjects(ctx, cfg, repositories, logs, role);

export = containersImagesOutputs(ctx, { repositories, builds });
