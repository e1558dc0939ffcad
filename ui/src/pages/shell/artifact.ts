/** Who may read it may open a shell. */
export const ARTIFACT = 'private/generic-worker/shell.html';
