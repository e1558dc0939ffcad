/** A path that leads nowhere. */
export default function Missing({ params }: { params: Record<string, string> }) {
  return (
    <div class="empty">
      <h1>There is nothing here</h1>
      <p>
        No page has the path <code>{params.path}</code>.
      </p>
      <a href="/">To the start page</a>
    </div>
  );
}
