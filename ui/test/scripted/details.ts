/** Fields and details of scripted conversations, changed as the engine does. */
import type { CommandBody } from '$lib/api/types/CommandBody';
import type { Conversation } from '$lib/api/types/Conversation';
import type { Details } from '$lib/api/types/Details';
import type { UsedDetails } from '$lib/api/types/UsedDetails';

/** What was said of conversations before. */
export const USED: UsedDetails = {
  details: [{ detail: 'topic', texts: ['pricing', 'demo'] }],
  custom: [{ name: 'Seats', texts: ['40'] }],
};

/** An empty text takes a detail away; what is left out stays. */
function changed(before: Details | undefined, change: Details): Details {
  const kept = (all: Record<string, string>) =>
    Object.fromEntries(Object.entries(all).filter(([, text]) => text !== ''));
  const { custom: own, ...said } = { ...before };
  const { custom, ...says } = change;
  const fields = kept({ ...own, ...custom });
  return { ...kept({ ...said, ...says }), ...(Object.keys(fields).length === 0 ? {} : { custom: fields }) };
}

export function setFields(
  conversation: Conversation,
  body: Extract<CommandBody, { type: 'setFields' }>,
): void {
  if (body.category) conversation.category = body.category;
  if (body.priority) conversation.priority = body.priority;
  if (body.value) conversation.value = body.value;
  if (body.company) conversation.company = body.company;
  if (body.details) conversation.details = changed(conversation.details, body.details);
}
