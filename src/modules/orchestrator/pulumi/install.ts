import { join } from 'node:path';

/**
 * Downloads the command line of the SDK's own version from get.pulumi.com; only for a server that has none.
 * @param home the installation goes to its `versions` folder
 * @returns file of the command line
 * @throws what the Automation API says when it cannot be downloaded
 */
export async function installCommandLine(home: string): Promise<string> {
  const [{ PulumiCommand }, { version }] = await Promise.all([
    import('@pulumi/pulumi/automation/cmd.js'),
    import('@pulumi/pulumi/version.js'),
  ]);
  const root = join(home, 'versions', version);
  await PulumiCommand.install({ root });
  return join(root, 'bin', 'pulumi');
}
