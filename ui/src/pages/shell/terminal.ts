/** A terminal in the page, at the shell of a worker. */
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { inputMessages, resizeMessage } from './socket';

/** More than this waits to be drawn: what comes then is not shown, or the page would have no memory left. */
const MOST_WAITING = 8 << 20;

export interface Session {
  /** Gives the keyboard to it. */
  focus: () => void;
  readOut: (on: boolean) => void;
  close: () => void;
}

interface Options {
  element: HTMLElement;
  socket: string;
  readOut: boolean;
  opened: () => void;
  /** With what the worker says of the end; nothing where the connection broke. */
  ended: (words: string, wasOpen: boolean) => void;
}

/** Opens a new shell; each connection has one of its own. */
export function open({ element, socket: url, readOut, opened, ended }: Options): Session {
  const style = getComputedStyle(document.documentElement);
  const terminal = new Terminal({
    fontFamily: style.getPropertyValue('--mono'),
    fontSize: 13,
    cursorBlink: false,
    screenReaderMode: readOut,
    scrollback: 10_000,
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(element);
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  let wasOpen = false;
  const send = (bytes: Uint8Array<ArrayBuffer>) => {
    if (socket.readyState === WebSocket.OPEN) inputMessages(bytes).forEach((it) => socket.send(it));
  };
  const resize = () => {
    if (socket.readyState === WebSocket.OPEN) socket.send(resizeMessage(terminal.rows, terminal.cols));
  };
  terminal.onData((text) => send(new TextEncoder().encode(text)));
  terminal.onBinary((text) => send(Uint8Array.from(text, (it) => it.charCodeAt(0))));
  terminal.onResize(resize);
  const observer = new ResizeObserver(() => fit.fit());
  observer.observe(element);
  const show = shower(terminal);
  socket.onopen = () => {
    wasOpen = true;
    fit.fit();
    resize();
    terminal.focus();
    opened();
  };
  socket.onmessage = ({ data }) => show(new Uint8Array(data as ArrayBuffer));
  socket.onclose = ({ reason }) => {
    terminal.options.disableStdin = true;
    ended(reason, wasOpen);
  };
  return {
    focus: () => terminal.focus(),
    readOut: (on) => void (terminal.options.screenReaderMode = on),
    close: () => {
      socket.onclose = null;
      socket.close();
      observer.disconnect();
      terminal.dispose();
    },
  };
}

function shower(terminal: Terminal) {
  let waiting = 0;
  let left = 0;
  return (bytes: Uint8Array) => {
    if (waiting > MOST_WAITING) {
      left += bytes.length;
      return;
    }
    if (left) terminal.write(`\r\n[${left.toLocaleString('en')} bytes are not shown]\r\n`);
    left = 0;
    waiting += bytes.length;
    terminal.write(bytes, () => void (waiting -= bytes.length));
  };
}
