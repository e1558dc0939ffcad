/** Server-sent events over fetch: unlike EventSource, it says why it was refused. */
import { errorOf, type ApiError } from './fetch';

export interface Message {
  id: number;
  event: string;
  data: string;
}

/** Reads one connection to its end. Throws an `ApiError` where it is refused. */
export async function readEvents(
  url: string,
  signal: AbortSignal,
  each: (messages: Message[]) => void,
): Promise<void> {
  const response = await fetch(url, { signal, headers: { accept: 'text/event-stream', 'x-drover-ui': '1' } });
  if (!response.ok || !response.body) throw (await errorOf(response)) satisfies ApiError;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const end = rest.lastIndexOf('\n\n');
    if (end < 0) continue;
    each(parse(rest.slice(0, end)));
    rest = rest.slice(end + 2);
  }
}

export function parse(text: string): Message[] {
  const messages: Message[] = [];
  for (const block of text.split('\n\n')) {
    let id = -1;
    let event = 'message';
    let data = '';
    for (const line of block.split('\n')) {
      if (line.startsWith('id: ')) id = Number(line.slice(4));
      else if (line.startsWith('event: ')) event = line.slice(7);
      else if (line.startsWith('data: ')) data += line.slice(6);
    }
    if (id >= 0) messages.push({ id, event, data });
  }
  return messages;
}
