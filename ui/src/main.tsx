import { render } from 'preact';
import { Frame } from './app/Frame';
import { startKeys } from './app/keys';
import { startRouter } from './app/router';
import { loadSession } from './store/session';
import './style.css';

void loadSession();
startRouter();
startKeys();
render(<Frame />, document.getElementById('root')!);
