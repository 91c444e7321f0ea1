//! Errors in the YAML, in the form of the files, and in declarations.

use super::codes;

codes! {
    Error;

    YAML = "A0001", "this is not YAML",
"The file cannot be read as YAML 1.2, so nothing is known of what it says, and other files' uses of its names are not checked.

The usual cause is a text with `: ` or ` #` in it, or one that begins with a quote:

```yaml
summary: Old name: NETWORK?       # two colons
summary: \"Old name: NETWORK?\"     # right
```

The other one is indentation: keys of one mapping stand below one another, indented with spaces.
";

    TAG = "A0002", "a YAML tag",
"A word that begins with `!` is a tag: YAML uses it to say of which type a value is. The language knows the type of
every place, so a tag can only be a mistake, mostly logic in the style of other languages:

```yaml
if: !ready         # a tag, and no value
if: not ready      # right
```
";

    ANCHOR = "A0003", "a YAML anchor or alias",
"`&name` marks a piece of YAML, `*name` repeats it. What is repeated cannot be seen where it is used, so the language has
neither. What holds in several states is said once in a state around them.

```yaml
states:
  A: { on: &reactions { lost: CLOSED } }
  B: { on: *reactions }
```

Mended:

```yaml
states:
  OPEN:
    on: { lost: CLOSED }
    states: { A: {}, B: {} }
```
";

    MERGE_KEY = "A0004", "a YAML merge key",
"`<<` copied the keys of another mapping in YAML 1.1. YAML 1.2 has dropped it, and so has the language.

```yaml
CONNECTED: { <<: *common, summary: Both sides know. }
CONNECTED: { on: { lost: CLOSED }, summary: Both sides know. }     # right
```
";

    DUPLICATE_KEY = "A0005", "a key occurs twice",
"Two equal keys in one mapping: most programs that read YAML drop one of them silently. If both reactions are meant,
make a list of cases.

```yaml
on:
  lost: { if: again, to: WAITING }
  lost: CLOSED
```

Mended:

```yaml
on:
  lost:
    - { if: again, to: WAITING }
    - { to: CLOSED }
```
";

    EMPTY = "A0006", "nothing where something is needed",
"A key with nothing behind it (or with YAML's `null`) is a text that was forgotten. A state without anything of its own is `{}`;
a missing value is `none`.

```yaml
states:
  WAITING:
  WAITING: {}        # right
```
";

    DOCUMENTS = "A0007", "several documents in one file",
"`---` on a line of its own begins another YAML document. One file is one automaton, so that it can be found by its name.

```yaml
automaton: door
---
automaton: window
```

Mended: `door.yaml` with the one, `window.yaml` with the other.
";

    TOO_MUCH = "A0008", "too large or too deep",
"Files have limits, so that no file, however broken, keeps the compiler busy for ever: 1 MiB, 50 000 keys and values, 64
mappings and lists within one another. A definition that comes near them is better split.

```yaml
doc: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
```
";

    FLOW_COMMA = "A0009", "a text that falls apart in flow style",
"Within `{ … }` and `[ … ]` YAML ends a text at a comma or bracket. A call with two arguments then becomes two keys.

```yaml
lost: { do: report(peer, reason), to: CLOSED }     # `do: report(peer` and a key `reason)`
```

Mended, in block style:

```yaml
lost:
  do: report(peer, reason)
  to: CLOSED
```

Or in quotes: `{ do: \"report(peer, reason)\", to: CLOSED }`.
";

    SHAPE = "A0010", "a value of the wrong shape",
"A mapping, a list or a text stands where another of the three is needed.

```yaml
parameters: [timeout]
parameters:
  timeout: { type: duration, default: 10s }        # right
```
";

    UNKNOWN_KEY = "A0011", "an unknown key",
"The language has a fixed set of keys, each with its place. An unknown one would have no effect, and is most likely mistyped.

```yaml
CONNECTED: { entri: open_stream }
CONNECTED: { entry: open_stream }      # right
```
";

    MISSING_KEY = "A0012", "a key is missing",
"Without this key the declaration has no meaning.

```yaml
actions:
  send_hello: { summary: Say who I am. }
  send_hello: { by: tcp_transport, summary: Say who I am. }     # right: `by` says who performs it
```
";

    EXCLUSIVE_KEYS = "A0013", "keys that exclude one another",
"Each of these keys has a meaning, but not together. A case, for one, leads somewhere (`to`), stays (`stay`) or ignores
the event (`ignore`), and only one of these.

```yaml
lost: { to: CLOSED, ignore: too late }
lost: { ignore: too late }        # right
```
";

    BOOLEAN = "A0014", "neither `true` nor `false`",
"`yes`, `on`, `True` and the like are words here, as in the core schema of YAML 1.2, not truth values.

```yaml
connection_made: { from: node, starts: yes }
connection_made: { from: node, starts: true }      # right
```
";

    NAME_SHAPE = "A0015", "a name of the wrong form",
"Automata, events, actions, conditions, parameters, variables, fields, keys and parts are written in `snake_case`, states in `UPPER_SNAKE`, types
and variants in `UpperCamel`. One sees by its form what a name is, and the generated Rust has the names that Rust expects.

```yaml
states:
  Connected: {}
  CONNECTED: {}        # right
```
";

    RESERVED_NAME = "A0016", "a name that means something else",
"The word is a key of the language, or a word of its expressions. As a name it would be misread, by people or by the compiler. (Keywords of Rust may be
names: the generated Rust writes `match_` for `match`.)

```yaml
events:
  start: { from: node }
  start_requested: { from: node }        # right
```
";

    DUPLICATE_NAME = "A0017", "a name that is given twice",
"States are unique in a whole file, and so are variables, parameters and conditions among one another, and parts and automata, since
they are named in the same places.

```yaml
states:
  OPEN: { states: { WAITING: {} } }
  CLOSING: { states: { WAITING: {} } }
  CLOSING: { states: { CLOSE_WAITING: {} } }     # right
```
";

    FILE_NAME = "A0019", "a file that is not called like its automaton",
"The automaton `x` lives in `x.yaml`: whoever reads the name anywhere knows where to look.

```yaml
# in tcp.yaml
automaton: tcp_connection
```

Mended: the file is called `tcp_connection.yaml`.
";

    UNKNOWN_TYPE = "A0020", "an unknown type",
"Built in are `bool`, `u8` to `u64`, `i8` to `i64`, `duration`, `string` and `bytes`; all others are declared in `types.yaml`. A `?` behind
the name means that the value may be `none`.

```yaml
fields: { peer: NodeID }
fields: { peer: NodeId }        # right, if `types.yaml` has `NodeId: { rust: … }`
```
";

    UNKNOWN_INSTANCE_KEY = "A0021", "an unknown key of instances",
"The word after `per` is declared in `types.yaml`, under `keys`, with its type.

```yaml
instances: per sesion
instances: per session        # right, if `types.yaml` has `keys: { session: u64 }`
```
";

    INSTANCES = "A0022", "how many instances there are",
"An automaton has `one` instance, or one for each value of a key.

```yaml
instances: many
instances: per session        # right
```
";

    UNKNOWN_PARTNER = "A0023", "an unknown part or automaton",
"`from` and `by` make the map of the system, so what they name has to exist: `from` names parts of `parts.yaml` and automata, `by` names parts.

```yaml
send_hello: { by: tcp_transprt }
send_hello: { by: tcp_transport }        # right
```
";

    UNKNOWN_INITIAL = "A0024", "an `initial` that is not inside",
"`initial` names a state inside the one that it is written in.

```yaml
initial: CONNECTING
states:
  CONNECTED: {}
```

Mended:

```yaml
initial: CONNECTED
states:
  CONNECTED: {}
```
";

    MISSING_INITIAL = "A0025", "a missing `initial`",
"A state with others inside is entered through its `initial`. It needs one if it is the root, if a transition or an `initial` leads to
it, or if it has a `history` (the first time, there is nothing to remember).

```yaml
initial: OPEN
states:
  OPEN: { states: { A: {}, B: {} } }
```

Mended:

```yaml
initial: OPEN
states:
  OPEN: { initial: A, states: { A: {}, B: {} } }
```
";

    FINAL_INSIDE = "A0026", "a final state that is not at the top",
"Entering a final state removes the instance. So it stands at the top level, where it is seen, and is left by nobody.

```yaml
states:
  OPEN: { initial: CLOSED, states: { CLOSED: final } }
```

Mended:

```yaml
states:
  OPEN: {}
  CLOSED: final
```
";

    FINAL_GOES_ON = "A0027", "a final state that goes on",
"When a final state is entered, the instance is gone. Nothing can happen in it or out of it: no transitions, timers, states inside, nor actions
(what should be done at the end belongs to the `exit` of the state before, or to the transition).

```yaml
CLOSED: { final: true, on: { connection_made: OPEN } }
CLOSED: final        # right
```
";

    HISTORY = "A0028", "a `history` that cannot be",
"`history` is `shallow` (which direct child was active is remembered) or `deep` (which leaf was), and belongs to a state with others inside.

```yaml
IDLE: { history: deep }
IDLE: { history: deep, initial: SHORT, states: { SHORT: {}, LONG: {} } }     # right
```
";

    STARTS = "A0029", "a `starts` that cannot be",
"`starts: true` makes the instance if its key has none. An automaton with one instance has it from the beginning (it can be made again only if it can
end, in a `final` state), and an event that is only raised (without `from`) comes from an instance that is there.

```yaml
automaton: network_connector        # instances: one
events:
  init: { from: node, starts: true }
  init: { from: node }              # right
```
";

    PARAMETER_WITHOUT_DEFAULT = "A0030", "a parameter without default",
"A parameter may lack a default only where every instance comes by a `start`, which gives it. The one instance of an automaton with `instances: one`, and an
instance that an event with `starts: true` makes, get the defaults.

```yaml
parameters:
  attempts: { type: u8 }
  attempts: { type: u8, default: 3 }        # right
```
";

    BOUNDS = "A0031", "bounds that cannot be",
"`min` and `max` belong to integers, `min` is not above `max`.

```yaml
missed: { type: u8, initial: 0, min: 5, max: 3 }
missed: { type: u8, initial: 0, max: 3 }        # right
```
";

    TIMER_LENGTH = "A0032", "a timer without a length",
"Behind `after` and `every` stands how long: a duration such as `10s`, the name of a parameter, variable or condition of type `duration`, or
an expression of these. A parameter is the best way where the length is to be set from outside.

```yaml
after: { handshake_timout: CLOSED }        # nothing is called so
```

Right, in three ways:

```yaml
after: { handshake_timeout: CLOSED }       # parameters: { handshake_timeout: { type: duration, default: 10s } }
after: { 10s: CLOSED }
after: { \"min(pause * 2, 10min)\": CLOSED }
```
";

    DUPLICATE_TIMER = "A0033", "two timers of one name in a state",
"The timers of a state are told apart by the names of their lengths: `restart` names them so.

```yaml
WAITING:
  after: { pause: CLOSED }
  every: { pause: { do: look } }
```

Declare a parameter for each:

```yaml
WAITING:
  after: { pause: CLOSED }
  every: { interval: { do: look } }
```
";

    UNKNOWN_TIMER = "A0034", "a timer that is not there",
"`restart` begins a timer of the state in which it is written, or of one around it, anew.

```yaml
WAITING:
  after: { silence: CLOSED }
  on: { bytes_received: { restart: silense } }
  on: { bytes_received: { restart: silence } }        # right
```
";

    DEFER_LIMIT = "A0035", "a limit of deferred events that cannot be",
"Behind an event under `defer` stands how many of it are kept; without a number, 16 are.

```yaml
defer: { packet_queued: many }
defer: { packet_queued: 64 }        # right
```
";

    KEY_TYPE = "A0036", "a type that no key of instances can have",
"The key tells the instances apart, in names of the trace as well. So it is always there (not `T?`) and never secret.

```yaml
keys: { peer: \"NodeId?\" }
keys: { peer: NodeId }        # right
```
";

    RUST_PATH = "A0037", "not the path of a Rust type",
"`rust` names a type by its path, from the crate that includes the generated code or from another.

```yaml
NodeId: { rust: crate/identity/NodeId }
NodeId: { rust: \"crate::identity::NodeId\" }        # right
```
";

    NOT_READ = "A0038", "something that would not be read",
"Definitions are the files `*.yaml` that lie directly in the folder, each with a name in lower case. A folder inside it, or a file `door.YAML` or `door.yml`, looks
as if it belonged to them, and would be passed over without a word.

```yaml
# automata/
#   door.yaml
#   lift.yml             rename it to `lift.yaml`
#   halls/hall.yaml      move it to `automata/hall.yaml`
automaton: door
```

Hidden files, what editors leave behind (`door.yaml~`, `.door.yaml.swp`), and files that are no YAML by their names (`README.md`) are left alone.
";
}
