import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';

/** Which projects does an organization have? Asked of the deployments, which own the answer. */
@Injectable()
export class DeploymentProjectsReads {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  /** Sorted by name. */
  async projectsOf(organization: string): Promise<readonly string[]> {
    const projects = await this.connection.collection('deployments').distinct('project', { organization });
    return projects.filter((name): name is string => typeof name === 'string').sort();
  }
}
