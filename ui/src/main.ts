import './lib/shared/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { connect } from './lib/api/connect';
import { Desk } from './lib/desk.svelte';
import { language } from './lib/session/language.svelte';
import { applyTheme } from './lib/session/theme';

// Before the first paint, by the system's wish; the person's own follows with the settings.
applyTheme('system');
language.choose(null);

const target = document.getElementById('app');
if (target) mount(App, { target, props: { desk: new Desk(connect()) } });
