/** To the clipboard, which browsers open only to pages over HTTPS or of this machine. */
import { toast } from './Toast';

export async function copyText(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    toast('This browser copies only from pages over HTTPS, or of this machine.', true);
  }
}
