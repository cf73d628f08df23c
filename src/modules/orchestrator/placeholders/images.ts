import { UnresolvablePlaceholder } from './placeholder.errors.js';

export const ARCHITECTURES = ['x86_64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** Where the images of an operating system are found (deployments.md 5.3). */
export interface ImageSource {
  /** Account or alias that publishes them: nobody else's image of that name is taken. */
  readonly owner: string;
  /** Pattern of their names, `*` for anything. */
  name(architecture: Architecture): string;
}

/** Operating system → its images. */
const IMAGES: Readonly<Record<string, ImageSource>> = {
  amazonLinux2: { owner: 'amazon', name: (architecture) => `amzn2-ami-hvm-*-${architecture}-gp2` },
  // the 2 after the dash leaves out the images for containers and the minimal ones
  amazonLinux2023: { owner: 'amazon', name: (architecture) => `al2023-ami-2*-${architecture}` },
  ubuntu2204: {
    owner: '099720109477', // Canonical
    name: (architecture) =>
      `ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-${architecture === 'x86_64' ? 'amd64' : architecture}-server-*`,
  },
};

/** @throws UnresolvablePlaceholder PH-010 for an operating system or architecture that is not known */
export function imageSource(os: string, architecture: string): ImageSource & { readonly pattern: string } {
  const source = Object.hasOwn(IMAGES, os) ? IMAGES[os] : undefined;
  const known = ARCHITECTURES.find((each) => each === architecture);
  if (source && known) return { ...source, pattern: source.name(known) };
  throw new UnresolvablePlaceholder(
    'PH-010',
    `No image for ${os} on ${architecture}; known are ${Object.keys(IMAGES).join(', ')} on ${ARCHITECTURES.join(' and ')}`,
  );
}
