//! Errors in the YAML, in the form of the files, and in declarations.

use super::code::codes;

codes! {
    Error;

    YAML = "A0001", "this is not YAML",
"The file cannot be read as YAML 1.2. Its contents are unknown, so other files' uses of its names are not checked.

The usual cause is a text that contains `: ` or ` #`, or begins with a quote:

```yaml
summary: Old name: NETWORK?       # two colons
summary: \"Old name: NETWORK?\"     # right
```

The other is indentation: the keys of a mapping are aligned, and indented with spaces.
";

    TAG = "A0002", "a YAML tag",
"A word that begins with `!` is a tag: YAML uses it to give the type of a value. The language knows the type of
every place, so a tag can only be a mistake, mostly logic in the style of other languages:

```yaml
if: !ready         # a tag, not a value
if: not ready      # right
```
";

    ANCHOR = "A0003", "a YAML anchor or alias",
"`&name` marks a piece of YAML, `*name` repeats it. A reader cannot see there what is repeated, so the language has
neither. Write what several states have in common once, in a state around them.

```yaml
states:
  A: { on: &reactions { lost: CLOSED } }
  B: { on: *reactions }
```

Fixed:

```yaml
states:
  OPEN:
    on: { lost: CLOSED }
    states: { A: {}, B: {} }
```
";

    MERGE_KEY = "A0004", "a YAML merge key",
"`<<` copied the keys of another mapping in YAML 1.1. YAML 1.2 dropped it, and so does the language.

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

Fixed:

```yaml
on:
  lost:
    - { if: again, to: WAITING }
    - { to: CLOSED }
```
";

    EMPTY = "A0006", "nothing where something is needed",
"A key with nothing after it (or with YAML's `null`) is a forgotten text. A state without contents is `{}`;
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

Fixed: `door.yaml` with the one, `window.yaml` with the other.
";

    TOO_MUCH = "A0008", "too large or too deep",
"Files have limits, so that no file, however broken, keeps the compiler busy for ever: 1 MiB, 50 000 keys and values, 64
nested mappings and lists. Split a definition that comes near them.

```yaml
doc: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
```
";

    FLOW_COMMA = "A0009", "a text that falls apart in flow style",
"Within `{ … }` and `[ … ]` YAML ends a text at a comma or bracket. A call with two arguments then becomes two keys.

```yaml
lost: { do: report(peer, reason), to: CLOSED }     # `do: report(peer` and a key `reason)`
```

Fixed, in block style:

```yaml
lost:
  do: report(peer, reason)
  to: CLOSED
```

Or in quotes: `{ do: \"report(peer, reason)\", to: CLOSED }`.
";

    SHAPE = "A0010", "a value of the wrong shape",
"This is a mapping, a list or a text where another of the three is needed.

```yaml
parameters: [timeout]
parameters:
  timeout: { type: duration, default: 10s }        # right
```
";

    UNKNOWN_KEY = "A0011", "an unknown key",
"The language has a fixed set of keys, each with its place. An unknown key would have no effect, and is most likely mistyped.

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
"Each of these keys has a meaning, but not together. A case, for example, either leads somewhere (`to`), stays (`stay`) or
ignores the event (`ignore`).

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
and variants in `UpperCamel`. The form shows what a name is, and the generated Rust has the names that Rust expects.

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

    DUPLICATE_NAME = "A0017", "a name given twice",
"States are unique in a whole file, and so are variables, parameters and conditions among one another, and parts and automata, since
they are named in the same places.

```yaml
states:
  OPEN: { states: { WAITING: {} } }
  CLOSING: { states: { WAITING: {} } }
  CLOSING: { states: { CLOSE_WAITING: {} } }     # right
```

An event has one place in `on` of a state, also in a list of events, and so in `defer` and in `ignore`.

```yaml
on: { \"opened, closed\": STAY, \"closed, locked\": LEAVE }   # where does `closed` lead?
```
";

    FILE_NAME = "A0019", "a file not named like its automaton",
"The automaton `x` is in `x.yaml`, so its name says where to look.

```yaml
# in tcp.yaml
automaton: tcp_connection
```

Fixed: the file is named `tcp_connection.yaml`.
";

    UNKNOWN_TYPE = "A0020", "an unknown type",
"Built in are `bool`, `u8` to `u64`, `i8` to `i64`, `duration`, `string` and `bytes`; all others are declared in `types.yaml`. A `?` after
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
"`from` and `by` make the map of the system, so they can only name what exists: `from` names parts of `parts.yaml` and automata, `by` names parts.

```yaml
send_hello: { by: tcp_transprt }
send_hello: { by: tcp_transport }        # right
```
";

    UNKNOWN_INITIAL = "A0024", "an `initial` that is not inside",
"`initial` names a state inside the one where it is written.

```yaml
initial: CONNECTING
states:
  CONNECTED: {}
```

Fixed:

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

Fixed:

```yaml
initial: OPEN
states:
  OPEN: { initial: A, states: { A: {}, B: {} } }
```
";

    FINAL_INSIDE = "A0026", "a final state that is not at the top",
"Entering a final state removes the instance; it is never left. So it is written at the top level, where it is easy to see.

```yaml
states:
  OPEN: { initial: CLOSED, states: { CLOSED: final } }
```

Fixed:

```yaml
states:
  OPEN: {}
  CLOSED: final
```
";

    FINAL_GOES_ON = "A0027", "a final state with contents",
"When a final state is entered, the instance is gone. Nothing can happen in it: it has no transitions, timers, inner states or actions
(final actions belong to the `exit` of the state before, or to the transition).

```yaml
CLOSED: { final: true, on: { connection_made: OPEN } }
CLOSED: final        # right
```
";

    HISTORY = "A0028", "an impossible `history`",
"`history` is `shallow` (which direct child was active is remembered) or `deep` (which leaf was), and belongs to a state with others inside.

```yaml
IDLE: { history: deep }
IDLE: { history: deep, initial: SHORT, states: { SHORT: {}, LONG: {} } }     # right
```
";

    STARTS = "A0029", "an impossible `starts`",
"`starts: true` makes the instance if its key has none. An automaton with one instance has it from the beginning (it can be made again only if it can
end, in a `final` state), and an event that is only raised (without `from`) comes from an existing instance.

```yaml
automaton: network_connector        # instances: one
events:
  init: { from: node, starts: true }
  init: { from: node }              # right
```
";

    PARAMETER_WITHOUT_DEFAULT = "A0030", "a parameter without a default",
"A parameter may lack a default only if every instance is made by a `start`, which gives it. The one instance of an automaton with `instances: one`, and an
instance that an event with `starts: true` makes, get the defaults.

```yaml
parameters:
  attempts: { type: u8 }
  attempts: { type: u8, default: 3 }        # right
```
";

    BOUNDS = "A0031", "impossible bounds",
"`min` and `max` are for integers and durations, and `min` is at most `max`.

```yaml
missed: { type: u8, initial: 0, min: 5, max: 3 }
missed: { type: u8, initial: 0, max: 3 }        # right
```
";

    TIMER_LENGTH = "A0032", "a timer without a length",
"`after` and `every` take a length: a duration such as `10s`, the name of a parameter, variable or condition of type `duration`, or
an expression of these. Use a parameter if the length is to be set from outside.

```yaml
after: { handshake_timout: CLOSED }        # no such name
```

Right, in three ways:

```yaml
after: { handshake_timeout: CLOSED }       # parameters: { handshake_timeout: { type: duration, default: 10s } }
after: { 10s: CLOSED }
after: { \"min(pause * 2, 10min)\": CLOSED }
```
";

    DUPLICATE_TIMER = "A0033", "two timers of one name in a state",
"The timers of a state are named by their lengths: `restart` uses these names.

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

    UNKNOWN_TIMER = "A0034", "an unknown timer",
"`restart` starts again a timer of the state where it is written, or of a state around it.

```yaml
WAITING:
  after: { silence: CLOSED }
  on: { bytes_received: { restart: silense } }
  on: { bytes_received: { restart: silence } }        # right
```
";

    DEFER_LIMIT = "A0035", "an impossible limit of deferred events",
"An event under `defer` is followed by how many of it are kept; without a number, 16 are.

```yaml
defer: { packet_queued: many }
defer: { packet_queued: 64 }        # right
```
";

    KEY_TYPE = "A0036", "a type that an instance key cannot have",
"The key tells the instances apart, also in the names of a trace. So it is always there (not `T?`) and never secret.

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
"Definitions are the files `*.yaml` directly in the folder, each with a lower-case name. A folder inside it, or a file `door.YAML`, `door.yml`, `door.yaml.txt` or
`door.yamll`, looks like one, but would be skipped silently.

```yaml
# automata/
#   door.yaml
#   lift.yml             rename it to `lift.yaml`
#   halls/hall.yaml      move it to `automata/hall.yaml`
automaton: door
```

Hidden files, what editors leave behind (`door.yaml~`, `.door.yaml.swp`), and files that are not YAML by name (`README.md`) are ignored.
";
}
