// logtimes: when the lines of a log came: by marks of which each is true from its line on.
export class Times {
	// pairs: lines in front of it, milliseconds since 1970
	constructor(marks) {
		this.marks = marks;
	}

	// The time of day of the last mark at or in front of a line.
	at(line) {
		let [low, high] = [0, this.marks.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.marks[middle][0] <= line)
				low = middle + 1;
			else
				high = middle;
		}
		const found = this.marks[low - 1];
		return found ? new Date(found[1]).toLocaleTimeString(undefined, { hour12: false }) : '';
	}
}
