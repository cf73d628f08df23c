import * as pulumi from '@pulumi/pulumi';
import {
  assertMatches,
  assertNames,
  assertOneOf,
  assertRange,
  assertThat,
  type Context,
  input,
  InvalidInput,
  loadContext,
  type ServicesEcrConfig,
  TAG_MUTABILITIES,
} from '../../shared/index.js';
import { createLifecyclePolicies } from './lifecycle-policies.js';
import { servicesEcrOutputs } from './outputs.js';
import { createRegistrySettings } from './registry-settings.js';
import { createRepositories } from './repositories.js';
import { createScanNotifications } from './scan-notifications.js';

/** Application images belong to containers-images (ECR-1). */
const FOREIGN_REPOSITORIES = ['frontend', 'backend'];

function readConfig(ctx: Context): ServicesEcrConfig {
  const read = input(new pulumi.Config('services-ecr'));
  const images = (key: 'retainServiceImages' | 'retainBaseImages', value: number | undefined): number | undefined =>
    value === undefined ? undefined : assertRange(`services-ecr:${key}`, value, 1, 1000);

  const services = read.optArray('serviceRepositories');
  if (!services) throw new InvalidInput('services-ecr:serviceRepositories', undefined, 'expected an array of strings');
  assertNames('services-ecr:serviceRepositories', services, { least: 1, most: 30 });
  const foreign = services.filter((name) => FOREIGN_REPOSITORIES.includes(name));
  const rule = 'frontend and backend are repositories of containers-images';
  assertThat('services-ecr:serviceRepositories', foreign, foreign.length === 0, rule);

  const mutability = read.optString('serviceTagMutability');
  const serviceTagMutability =
    mutability === undefined
      ? undefined
      : assertOneOf('services-ecr:serviceTagMutability', mutability, TAG_MUTABILITIES);
  if (ctx.environment === 'prod') {
    const isFixed = serviceTagMutability === 'IMMUTABLE';
    assertThat('services-ecr:serviceTagMutability', serviceTagMutability, isFixed, 'must be IMMUTABLE in prod');
  }

  const manageRegistrySettings = read.optBool('manageRegistrySettings');
  const enhancedScanning = read.optBool('enhancedScanning');
  assertThat(
    'services-ecr:enhancedScanning',
    enhancedScanning,
    manageRegistrySettings || !enhancedScanning,
    'needs manageRegistrySettings',
  );

  return {
    applicationKeyArn: read.requireString('applicationKeyArn', 'security:applicationKeyArn'),
    infrastructureKeyArn: read.requireString('infrastructureKeyArn', 'security:infrastructureKeyArn'),
    serviceRepositories: services,
    baseRepositories: assertNames('services-ecr:baseRepositories', read.optArray('baseRepositories') ?? [], {
      least: 0,
      most: 20,
    }),
    serviceTagMutability,
    retainServiceImages: images('retainServiceImages', read.optNumber('retainServiceImages')),
    retainBaseImages: images('retainBaseImages', read.optNumber('retainBaseImages')),
    manageRegistrySettings,
    enhancedScanning,
    replicationRegions: replicationRegions(ctx, read.optArray('replicationRegions') ?? [], manageRegistrySettings),
  };
}

function replicationRegions(ctx: Context, regions: readonly string[], isManaged: boolean): readonly string[] {
  const where = 'services-ecr:replicationRegions';
  assertThat(where, regions, isManaged || regions.length === 0, 'needs manageRegistrySettings');
  for (const region of regions) {
    assertMatches(where, region, /^[a-z]{2}(-[a-z]+)+-[0-9]$/, 'expected AWS regions, like us-west-2');
  }
  assertThat(where, regions, !regions.includes(ctx.region), `must not contain ${ctx.region}, the stack's own region`);
  return assertThat(where, regions, new Set(regions).size === regions.length, 'each region once');
}

const ctx = loadContext('services-ecr');
const cfg = readConfig(ctx);

const repositories = createRepositories(ctx, cfg);
createLifecyclePolicies(ctx, cfg, repositories);
const scanTopic = createScanNotifications(ctx, cfg, repositories);
createRegistrySettings(ctx, cfg);

export = servicesEcrOutputs(ctx, cfg, { repositories, scanTopic });
