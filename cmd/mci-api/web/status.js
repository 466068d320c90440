// status: how builds and jobs stand, by word, shape and colour: never by colour alone.
import { make } from './dom.js';

// [shape, whether it goes on]
const STATUSES = {
	pending: ['·', true], queued: ['◌', true], initializing: ['◔', true], running: ['▶', true], blocked: ['⏸', true],
	success: ['✔', false], failure: ['✘', false], error: ['⚠', false], skipped: ['↷', false], canceled: ['⊘', false],
};

export const live = (status) => STATUSES[status]?.[1] ?? false;
export const bad = (status) => ['failure', 'error', 'canceled'].includes(status);
export const shape = (status) => STATUSES[status]?.[0] ?? '?';
// What came is put into a class only when it is one of ours.
export const known = (status) => status in STATUSES ? status : 'unknown';

export function badge(status, { word = true, title } = {}) {
	return make('span', { class: `status s-${known(status)}`, title: title ?? status },
		make('span', { 'aria-hidden': 'true', class: 'shape' }, shape(status)),
		make('span', { class: word ? 'word' : 'hidden-word' }, ' ', status));
}

// Several: "3 success, 1 failure", worst first.
const ORDER = ['failure', 'error', 'canceled', 'blocked', 'running', 'initializing', 'queued', 'pending', 'success', 'skipped'];

export function counts(byStatus = {}) {
	return ORDER.filter((status) => byStatus[status])
		.map((status) => make('span', { class: `count s-${status}`, title: `${byStatus[status]} ${status}` },
			make('span', { class: 'shape', 'aria-hidden': 'true' }, shape(status)), ` ${byStatus[status]}`,
			make('span', { class: 'hidden-word' }, ` ${status} `)));
}

// Where a status stands in that order.
export const order = (status) => ORDER.indexOf(status);

// The status of a set of jobs that are shown as one.
export function worst(statuses) {
	return ORDER.find((status) => statuses.includes(status)) ?? 'pending';
}
