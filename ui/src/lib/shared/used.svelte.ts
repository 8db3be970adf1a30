/** What was said of conversations before: proposed where a detail is typed. */
import type { Backend } from '$lib/api/backend';
import type { Detail } from '$lib/api/types/Detail';
import type { UsedDetails } from '$lib/api/types/UsedDetails';

export class Used {
  #known = $state.raw<UsedDetails>({ details: [], custom: [] });

  constructor(private readonly backend: Backend) {}

  /** Asked where somebody begins to type. Without an answer nothing is proposed, and typing goes on. */
  async ask(): Promise<void> {
    try {
      this.#known = await this.backend.call('usedDetails');
    } catch {
      // What was proposed before is proposed again.
    }
  }

  /** The names of the team's own fields. */
  get names(): string[] {
    return this.#known.custom.map(({ name }) => name);
  }

  /** What one detail said. */
  texts(detail: Detail): string[] {
    return this.#known.details.find((one) => one.detail === detail)?.texts ?? [];
  }

  /** What a field of the team's own held. */
  customTexts(name: string): string[] {
    const wanted = name.trim().toLowerCase();
    return this.#known.custom.find((one) => one.name.toLowerCase() === wanted)?.texts ?? [];
  }
}
