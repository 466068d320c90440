// time: moments and durations for people: in the reader's time zone, with UTC to look up, and kept up to date.
import { make } from './dom.js';

export function duration(seconds) {
	if (seconds === undefined || seconds === null || Number.isNaN(seconds))
		return '';
	if (seconds < 10)
		return `${seconds.toFixed(1)} s`;
	const whole = Math.round(seconds);
	if (whole < 60)
		return `${whole} s`;
	const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
	return h ? `${h} h ${m} min` : s ? `${m} min ${s} s` : `${m} min`;
}

const UNITS = [['year', 31557600], ['month', 2629800], ['week', 604800], ['day', 86400], ['hour', 3600], ['minute', 60]];
const words = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export function relative(time, now = Date.now()) {
	const past = (now - Date.parse(time)) / 1000;
	for (const [unit, size] of UNITS)
		if (Math.abs(past) >= size)
			return words.format(-Math.round(past / size), unit);
	return past < 5 ? 'now' : words.format(-Math.round(past), 'second');
}

// An element that says how long ago it was, and in its title when, here and in UTC.
export function moment(time) {
	if (!time)
		return '';
	return make('time', { datetime: time, title: `${exact.format(new Date(time))}\n${time} (UTC)`, 'data-relative': true },
		relative(time));
}

// An element that counts on from a start until it is given an end.
export function elapsed(start, seconds) {
	if (seconds !== undefined && seconds !== null)
		return make('span', { class: 'elapsed' }, duration(seconds));
	if (!start)
		return '';
	return make('span', { class: 'elapsed', 'data-since': start }, duration((Date.now() - Date.parse(start)) / 1000));
}

// Hundredths of the usual time that are over; never all of them, as nobody knows how long it takes.
function done(start, usual) {
	return Math.min(99, Math.round(100 * (Date.now() - Date.parse(start)) / 1000 / usual));
}

// How far what runs is, against the seconds that the like usually takes.
export function progress(start, usual, label) {
	return start && usual ? make('progress', { max: 100, value: done(start, usual), 'data-since': start, 'data-usual': usual, 'aria-label': label, title: `usually ${duration(usual)}` }) : [];
}

// Brings what is on the page up to date; text that stays the same is left alone, so that nothing is announced.
function tick() {
	const set = (e, text) => { if (e.textContent !== text) e.textContent = text; };
	for (const e of document.querySelectorAll('time[data-relative]'))
		set(e, relative(e.dateTime));
	for (const e of document.querySelectorAll('span[data-since]'))
		set(e, duration((Date.now() - Date.parse(e.dataset.since)) / 1000));
	for (const e of document.querySelectorAll('progress[data-since]'))
		e.value = done(e.dataset.since, e.dataset.usual);
}

export function startClock() {
	setInterval(() => { if (!document.hidden) tick(); }, 1000);
	document.addEventListener('visibilitychange', () => { if (!document.hidden) tick(); });
}
