/** Says when what is shown may be old. */
import { useEffect, useState } from 'preact/hooks';
import { live } from '../api/events';
import { now } from '../store/clock';
import { duration } from '../parts/Time';

/** A connection that is renewed at once is not worth a word. */
const GRACE = 2500;

export function Banner() {
  const { status, since } = live.value;
  const lost = status === 'lost';
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (!lost) return setShown(false);
    const timer = setTimeout(() => setShown(true), GRACE);
    return () => clearTimeout(timer);
  }, [lost]);
  if (shown) {
    return (
      <div class="banner" role="alert">
        Drover cannot be reached since {duration(Math.max(1, (now.value - since) / 1000))}: what is shown may be old. It is tried again by
        itself.
      </div>
    );
  }
  if (status === 'forbidden') return <Note>Live updates need the scope web:read-pulse; load the page again to see changes.</Note>;
  if (status === 'not kept') return <Note>This server keeps no events; load the page again to see changes.</Note>;
  return null;
}

function Note({ children }: { children: string }) {
  return (
    <div class="banner" role="status">
      {children}
    </div>
  );
}
