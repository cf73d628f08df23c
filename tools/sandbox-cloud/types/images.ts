import { hex } from '../identities.js';
import { CloudError, type Properties } from '../provider.port.js';
import { type InvokeContext, textOf, textsOf } from '../resource-spec.js';

/** Public images that every region has; the families of the look-up `latestAmiId` (deployments.md 5), by what it calls them. */
const FAMILIES = {
  amazonLinux2023: {
    owner: '137112412989',
    alias: 'amazon',
    name: (architecture: string) => `al2023-ami-2023.9.20251208.0-kernel-6.1-${architecture}`,
    description: 'Amazon Linux 2023 AMI',
    device: '/dev/xvda',
    createdAt: '2025-12-08T21:04:11.000Z',
  },
  amazonLinux2: {
    owner: '137112412989',
    alias: 'amazon',
    name: (architecture: string) => `amzn2-ami-hvm-2.0.20251121.0-${architecture}-gp2`,
    description: 'Amazon Linux 2 AMI',
    device: '/dev/xvda',
    createdAt: '2025-11-21T18:30:02.000Z',
  },
  ubuntu2204: {
    owner: '099720109477',
    alias: '',
    name: (architecture: string) =>
      `ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-${architecture === 'x86_64' ? 'amd64' : 'arm64'}-server-20251202`,
    description: 'Canonical, Ubuntu, 22.04 LTS',
    device: '/dev/sda1',
    createdAt: '2025-12-02T06:12:45.000Z',
  },
} as const;

const ARCHITECTURES = ['x86_64', 'arm64'];

type Image = Readonly<Record<string, unknown>> & { readonly name: string; readonly creationDate: string };

/** Answer of `getAmi`: one image, or the newest of several when `mostRecent`. Its id is the one that the static look-ups give. */
export function latestImage(args: Properties, { region }: InvokeContext): Properties {
  const place = textOf(args.region) ?? region;
  const owners = textsOf(args.owners);
  const nameRegex = textOf(args.nameRegex);
  const filters = Array.isArray(args.filters) ? (args.filters as Properties[]) : [];
  const found = imagesOf(place).filter(
    (image) =>
      (owners.length === 0 || owners.some((owner) => owner === image.ownerId || owner === image.imageOwnerAlias)) &&
      (nameRegex === undefined || new RegExp(nameRegex).test(image.name)) &&
      filters.every((filter) => passes(image, filter)),
  );
  const [image] = [...found].sort((a, b) => (a.creationDate < b.creationDate ? 1 : -1));
  if (!image) {
    throw new CloudError(
      'InvalidAMIID.NotFound',
      'Your query returned no results. Please change your search criteria and try again.',
    );
  }
  if (found.length > 1 && args.mostRecent !== true) {
    throw new CloudError(
      'AmbiguousImage',
      'Your query returned more than one result. Please try a more specific search criteria, or set `mostRecent` attribute to true.',
    );
  }
  return { ...args, ...image, arn: `arn:aws:ec2:${place}::image/${String(image.id)}`, region: place };
}

function imagesOf(region: string): Image[] {
  return Object.entries(FAMILIES).flatMap(([family, { owner, alias, name, description, device, createdAt }]) =>
    ARCHITECTURES.map((architecture) => {
      const key = `RUNTIME:aws:latestAmiId:${family}:${architecture}:${region}`;
      const id = `ami-${hex(key)}`;
      const rootSnapshotId = `snap-${hex(`${key}|root`)}`;
      return {
        id,
        imageId: id,
        name: name(architecture),
        description,
        architecture,
        creationDate: createdAt,
        ownerId: owner,
        imageOwnerAlias: alias,
        imageLocation: `${alias || owner}/${name(architecture)}`,
        imageType: 'machine',
        public: true,
        state: 'available',
        hypervisor: 'xen',
        virtualizationType: 'hvm',
        enaSupport: true,
        sriovNetSupport: 'simple',
        bootMode: architecture === 'arm64' ? 'uefi' : 'uefi-preferred',
        imdsSupport: family === 'amazonLinux2023' ? 'v2.0' : '',
        platform: '',
        platformDetails: 'Linux/UNIX',
        usageOperation: 'RunInstances',
        rootDeviceName: device,
        rootDeviceType: 'ebs',
        rootSnapshotId,
        blockDeviceMappings: [
          {
            deviceName: device,
            ebs: {
              delete_on_termination: 'true',
              encrypted: 'false',
              iops: '3000',
              snapshot_id: rootSnapshotId,
              throughput: '125',
              volume_size: '8',
              volume_type: 'gp3',
            },
            noDevice: '',
            virtualName: '',
          },
        ],
        deprecationTime: '',
        kernelId: '',
        lastLaunchedTime: '',
        productCodes: [],
        ramdiskId: '',
        stateReason: { code: 'UNSET', message: 'UNSET' },
        tags: {},
        tpmSupport: '',
      };
    }),
  );
}

/** Filter name of DescribeImages → property of the answer. */
const FILTERS: Readonly<Record<string, string>> = {
  architecture: 'architecture',
  description: 'description',
  hypervisor: 'hypervisor',
  'image-id': 'imageId',
  'image-type': 'imageType',
  name: 'name',
  'owner-alias': 'imageOwnerAlias',
  'owner-id': 'ownerId',
  'root-device-type': 'rootDeviceType',
  state: 'state',
  'virtualization-type': 'virtualizationType',
};

/** @throws CloudError for a filter that DescribeImages does not have */
function passes(image: Image, { name, values }: Properties): boolean {
  const property = FILTERS[String(name)];
  if (!property) throw new CloudError('InvalidParameterValue', `The filter '${String(name)}' is invalid`);
  const actual = String(image[property]);
  return textsOf(values).some((wanted) => globOf(wanted).test(actual));
}

/** `*` stands for any characters, `?` for one. */
function globOf(wanted: string): RegExp {
  const expression = wanted
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`);
}
