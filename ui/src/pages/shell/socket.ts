/** The messages between a page and the shell of a worker: version 2 of generic-worker's protocol. */

const INPUT = 1;
const RESIZE = 2;
/** A worker takes messages of up to a megabyte. */
const LONGEST = 64 * 1024;

/** What is typed, as messages. */
export function inputMessages(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const messages = [];
  for (let at = 0; at < bytes.length; at += LONGEST) {
    const part = bytes.subarray(at, at + LONGEST);
    const message = new Uint8Array(part.length + 1);
    message[0] = INPUT;
    message.set(part, 1);
    messages.push(message);
  }
  return messages;
}

export const resizeMessage = (rows: number, columns: number) => new Uint8Array([RESIZE, rows & 255, rows >> 8, columns & 255, columns >> 8]);

export type Link = { socket: string } | { problem: string };

/** The socket behind what the artifact of the shell points to, if this page can open it. */
export function socketOf(link: string, page: { protocol: string }, taskId: string): Link {
  let socket: URL;
  try {
    const query = new URL(link).searchParams;
    if (query.get('v') !== '2') return { problem: `Version ${query.get('v')} of the protocol is not known here.` };
    socket = new URL(query.get('socketUrl') ?? '');
  } catch {
    return { problem: `The artifact of the shell leads nowhere: ${link}` };
  }
  if (socket.protocol !== 'ws:' && socket.protocol !== 'wss:') return { problem: `The shell is at ${socket.protocol}, which is no socket.` };
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(socket.hostname);
  if (page.protocol === 'https:' && socket.protocol === 'ws:' && !isLocal) {
    return {
      problem:
        `This page came over https, and the worker at ${socket.host} offers its shell without TLS (ws:): browsers do not connect from one to the ` +
        `other. Use “drover task shell ${taskId}” instead, which does; or let the worker be reached by wss:, behind a proxy that ends TLS.`,
    };
  }
  return { socket: socket.href };
}
