// What the room needs from whoever shows it: a *source*.
//
// `mountRoom(element, source)` of room.js takes any object of this form. There are two here, `ServeSource` for
// `automata serve` and `TraceSource` for a file; a program writes its own. Only `name` and `definitions` must be there:
// what is missing, the room does not offer.

/**
 * What the server makes of its definitions by `automata_web::definitions`, as JSON, with what changes around it.
 * @typedef {Object} Definitions
 * @property {string} model       the hash by which a trace knows its definitions
 * @property {Object[]} automata  see `AutomatonView` in tools/web/src/automaton.rs
 * @property {Object[]} types     see `TypeView`
 * @property {string[]} parts
 * @property {string} map         the picture of the whole system
 * @property {Finding[]} [findings]   of the compiler, for definitions that are being edited
 * @property {string[]} [more]    a line for each kind of finding of which not all are there
 * @property {string[]} [old]     automata whose file has errors now: what is shown is the last version without
 * @property {string[]} [missing] automata whose file has errors, and never was without
 * @property {string} [problem]   why the definitions cannot be read at all
 */

/**
 * @typedef {Object} Finding
 * @property {string} code
 * @property {"error"|"warning"} severity
 * @property {string} message
 * @property {string} path
 * @property {number} line
 * @property {number} column
 * @property {string} text        all of it, with the lines of the file
 */

/**
 * A line of docs/TRACES.md as an object: the header (may be left out), `{snapshot}`, then deliveries, `{left_out}` and
 * `{end}`. A further header or snapshot begins a new run: what was shown before is dropped.
 * @typedef {Object} Line
 */

/**
 * What came of a script of `automata simulate`.
 * @typedef {Object} Simulated
 * @property {string} trace       what happened, as the text of a trace
 * @property {string} [error]     why a line of the script could not be done; what came before it is in the trace
 * @property {number} [line]      that line, from 1
 * @property {{question: string, automaton: string, condition: string}} [question]   the condition that has no answer
 */

/**
 * @typedef {Object} Source
 * @property {string} name                                what is shown, in a word or two
 * @property {() => Promise<Definitions>} definitions     as they are now
 * @property {(signal: AbortSignal) => AsyncIterable<Definitions>} [changes]   again after each change
 * @property {(signal: AbortSignal) => AsyncIterable<Line[]>} [lines]   what happens, several lines at a time; the bus
 *   that they come from is running, so timers run down by the clock of this page. If it ends or throws, the room says
 *   so
 * @property {boolean} [isConnected]   false while no lines can come: timers stand still until they do
 * @property {(script: string) => Promise<Simulated>} [simulate]
 * @property {() => Promise<Definitions>} [against]       another version, to compare with
 * @property {string} [againstName]                       what that version is
 */

export {};
