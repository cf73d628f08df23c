import type { Mac } from './fingerprint.js';
import { StackSlots } from './stack-slots.js';
import { DEFAULT_RUN_SETTINGS, type RunSettings } from './run-settings.js';

/** What all runs of this process share besides the ports. */
export class RunSurroundings {
  readonly settings: RunSettings;

  /** @param cloud as shown to users: `sandbox` or `aws` */
  constructor(
    readonly cloud: string,
    readonly box: Mac,
    settings: Partial<RunSettings> = {},
    /** Room for stacks, shared by all runs of the process. Default: no limit. */
    readonly slots: StackSlots = new StackSlots(),
  ) {
    this.settings = { ...DEFAULT_RUN_SETTINGS, ...settings };
  }
}
