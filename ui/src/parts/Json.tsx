/** JSON as text, to read and to copy. */
import { copyText } from './copy';

export function Json({ value, label }: { value: unknown; label: string }) {
  const text = JSON.stringify(value, null, 2);
  const copy = async () => {
    await copyText(text, 'Copied.');
  };
  return (
    <div class="json">
      <button class="plain" onClick={() => void copy()}>
        Copy
      </button>
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
    </div>
  );
}

/** Only addresses of the web become links: a task may name anything. */
export function Source({ url }: { url: string }) {
  if (!/^https?:\/\//i.test(url)) return <>{url}</>;
  return (
    <a href={url} rel="noopener noreferrer" target="_blank">
      {url.replace(/^https?:\/\//i, '')}
    </a>
  );
}

export function bytes(count: number | undefined): string {
  if (count === undefined) return '';
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}
