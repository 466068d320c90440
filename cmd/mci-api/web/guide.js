// guide: what to do while there is nothing to see: from a clone to the first build, in words to copy.
import { copyButton } from './command.js';
import { make } from './dom.js';

const STEPS = (org) => [
	['Name a clone of yours here (it is reached at the place where it lies, or give the address of a server of git):', `mci org put ${org}\nmci repo put ${org}/NAME url="$PWD"`],
	['Say in it what is to be run:', 'mkdir -p .mci && echo "jobs: [{id: test, script: [make test]}]" >.mci/build.yaml\nmci lint && git add .mci && git commit -m "Build with mci"'],
	['Start it, and look at it live:', `mci trigger -f ${org}/NAME`],
	['From now on with each push:', `mci hook install post-commit ${org}/NAME`],
];

export function guide(org) {
	return make('section', { class: 'message guide' }, make('h2', {}, 'There are no repositories yet'), make('ol', {}, STEPS(org).map(([what, words]) =>
		make('li', {}, make('p', {}, what), make('div', { class: 'command' }, make('pre', {}, make('code', {}, words), copyButton(words)))))));
}
