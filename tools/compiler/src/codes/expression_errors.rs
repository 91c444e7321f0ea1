//! Errors in the little texts of the language: expressions, assignments, calls, sends, starts, triggers, targets.

use super::code::codes;

codes! {
    Error;

    SYNTAX = "A0100", "a text that cannot be read",
"The text is not an expression, call, assignment, send, start, trigger or target of the language. The finding
says what was found and what could have stood there.

```yaml
if: missed > and ready        # nothing between `>` and `and`
if: missed > 3 and ready      # fixed
```

The words for logic are `and`, `or`, `not`; equality is `==`; strings are in double quotes; comparisons are not chained
(`a < b and b < c`, not `a < b < c`). Within `{ … }` and `[ … ]` YAML ends a value at the comma, so calls with several
arguments need quotes there, or a line of their own:

```yaml
- { do: tell(peer, reason), to: IDLE }      # YAML cuts this after `peer`
- { do: \"tell(peer, reason)\", to: IDLE }    # fixed
```
";

    TOO_LARGE = "A0101", "a text that is too long or too deep",
"A text of the language may have at most 4096 bytes, and 64 nested or chained operations. The bounds protect the compiler
from texts that no person writes.

```yaml
if: ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((ready))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))
if: ready                                   # fixed
```

Replace an expression that is really that long with a condition, which the host answers, or with several transitions.
";

    UNKNOWN_NAME = "A0102", "an unknown name in an expression",
"A bare name in an expression is looked up as a variable, a parameter, a field of the event at hand, a condition, and a variant of an
enum, in this order. None of them has this name.

```yaml
variables: { missed: { type: u8, initial: 0 } }
…
if: mised > 3         # no `mised` here
if: missed > 3        # fixed
```

To look at a state, write `automaton in STATE`; actions and events have no value.
";

    TYPE_MISMATCH = "A0103", "a value of the wrong type",
"A guard is `bool`; a variable, field, argument, parameter or key takes its own type; an operator takes certain types. There is only one
conversion: an integer can be used where another integer type is needed (and stays at the bound of its new place).

```yaml
variables: { missed: { type: u8, initial: 0 } }
…
if: missed                 # a number is not a guard
if: missed > 0             # fixed
```

Durations have units (`5s`, not `5`); `none` is allowed only where the type has a `?`.
";

    SECRET = "A0104", "a guard on a secret",
"Values of a type that `types.yaml` marks `secret` are only carried, since traces hold everything that an automaton decides by. So they cannot be used in
guards, not even as the argument of a condition, and are never compared. A condition that is asked in an effect may get one; its answer is not secret.

```yaml
types:
  Password: { rust: \"crate::Password\", secret: true }
…
if: password == old_password              # refused
do: check_password(password)              # fixed: the host checks, and answers with an event
```
";

    UNORDERED = "A0105", "a comparison of values without an order",
"`<`, `<=`, `>` and `>=` are for integers and durations. All other types have only `==` and `!=`; so does a type with `?`,
since `none` is neither large nor small.

```yaml
if: reason > Local        # enums have no order
if: reason != Local       # fixed
```
";

    NO_COMMON_TYPE = "A0106", "integers without a common type",
"Two integers meet in the smallest built-in type that holds all values of both. `u64` and a signed type have no such type, so no
result would be right for all values.

```yaml
variables:
  sent: { type: u64, initial: 0 }
  balance: { type: i32, initial: 0 }
…
if: sent > balance            # refused: declare `sent` as `u32`, or `balance` as `u64`
```
";

    CONSTANT_OUT_OF_BOUNDS = "A0107", "a constant outside the bounds of its place",
"A constant is given to, or compared with, something that can never have this value: it is outside the declared `min` and `max`,
or outside the type. At run time a value stays at the bound; a constant that has to is a mistake.

```yaml
variables: { tries: { type: u8, initial: 0, max: 5 } }
…
set: tries = 6            # outside 0 to 5
set: tries = 5            # fixed
```
";

    FIELD_NOT_AT_HAND = "A0108", "a field that the event at hand does not have",
"Fields can be named only where their event is handled: in the cases below it. In `entry`, `exit`, `always` and timers there is no event
at hand, since several may lead there.

```yaml
CONNECTED:
  entry: [remember_peer(peer)]             # which event's `peer`?
…
on:
  hello_received: { do: remember_peer(peer), to: CONNECTED }     # fixed: written where the event is
```

Store what is needed later in a variable.
";

    NO_KEY = "A0109", "`key` in an automaton without one",
"`key` is the key of the instance, and this automaton has one instance. The key that an observation bound is `event.key`.

```yaml
automaton: search_list
on:
  peer_search[any] enters FOUND: { do: note(key) }            # whose?
  peer_search[any] leaves FOUND: { do: note(event.key) }      # fixed
```
";

    ANY_MISPLACED = "A0110", "`any`, `all` or `no` where it means nothing",
"`X[any]` is for triggers: it binds the key. In guards the word comes first: `any X in S`, `all X in S`, `no X in S`,
and only for an automaton that has many instances.

```yaml
if: contact_status[any] in CONNECTED       # refused
if: any contact_status in CONNECTED        # fixed
```
";

    ALL_MISPLACED = "A0111", "`[all]` where it means nothing",
"`X[all]` names the receivers of a send: all instances that exist. A trigger that waits for any of them is `X[any]`, a guard that
looks at all of them is `all X in S`; and instances are started one by one.

```yaml
on: { \"contact_status[all] enters CONNECTED\": READY }      # refused
on: { \"contact_status[any] enters CONNECTED\": READY }      # fixed
```
";

    MISSING_KEY = "A0112", "an automaton with many instances, without a key",
"The automaton has an instance for each key. Say which is meant.

```yaml
send: contact_status.ping             # whose?
send: contact_status[peer].ping       # fixed: the one of this peer
send: contact_status[all].ping        # fixed: each that exists
```
";

    SUPERFLUOUS_KEY = "A0113", "a key for an automaton with one instance",
"The automaton has only one instance. Likewise `any X in S`, `all X in S` and `no X in S` look at all
instances and take no key.

```yaml
send: network_connector[all].reconnect       # refused
send: network_connector.reconnect            # fixed
```
";

    UNKNOWN_AUTOMATON = "A0114", "an unknown automaton",
"No file declares an automaton of this name. The name is given by `automaton:`, and is also that of the file.

```yaml
send: netwrk_connector.reconnect       # misspelt
send: network_connector.reconnect      # fixed
```
";

    UNKNOWN_STATE = "A0115", "an unknown state",
"The automaton (this one, or the one that is looked at) has no state of this name. State names are unique in a file, so a state is named
without the states around it.

```yaml
to: CONECTED            # misspelt
to: CONNECTED           # fixed
```
";

    UNKNOWN_EVENT = "A0116", "an unknown event",
"A reaction, a `raise`, a `send`, a `defer` or an `ignore` names an event that its automaton does not declare under `events:`.

```yaml
events: { ping_contact: { from: api } }
on: { ping_contct: PING }          # misspelt
on: { ping_contact: PING }         # fixed
```
";

    UNKNOWN_ACTION = "A0117", "an unknown action",
"`do` and the short forms of `entry` and `exit` name actions, which are declared under `actions:` with the part that performs them.

```yaml
actions: { send_hello: { by: tcp_transport } }
do: send_helo            # misspelt
do: send_hello           # fixed
```
";

    UNKNOWN_VARIABLE = "A0118", "an assignment to an unknown variable",
"`set` changes variables, which are declared under `variables:`.

```yaml
variables: { missed: { type: u8, initial: 0 } }
set: mised = 0            # misspelt
set: missed = 0           # fixed
```
";

    NOT_ASSIGNABLE = "A0119", "an assignment to something that is not a variable",
"Only variables can be set. Parameters are constants of the instance, the host answers conditions, and the fields of an event
belong to its sender.

```yaml
parameters: { limit: { type: u8, default: 3 } }
set: limit = 4            # refused: make `limit` a variable
```
";

    UNKNOWN_ARGUMENT = "A0120", "an unknown argument",
"The action, condition, event or automaton has no argument, field or parameter of this name.

```yaml
actions: { remember: { by: store, arguments: { peer: NodeId } } }
do: remember(per = peer)           # misspelt
do: remember(peer = peer)          # fixed
```
";

    MISSING_ARGUMENT = "A0121", "a missing argument",
"Every argument and field must be given, except those whose type has a `?`, which are `none` if left out. A started instance needs
every parameter that has no default.

```yaml
actions: { remember: { by: store, arguments: { peer: NodeId, since: duration? } } }
do: remember               # lacks `peer`
do: remember(peer)         # fixed
```
";

    TOO_MANY_ARGUMENTS = "A0122", "too many arguments",
"More arguments are given than are declared.

```yaml
actions: { send_hello: { by: tcp_transport } }
do: send_hello(peer)       # it takes none
do: send_hello             # fixed
```
";

    DUPLICATE_ARGUMENT = "A0123", "an argument that is given twice",
"Each argument has one value, by its place or by its name.

```yaml
do: remember(peer, peer = other)       # `peer` twice
do: remember(peer = other)             # fixed
```
";

    POSITIONAL_ARGUMENT = "A0124", "an argument without its name",
"After a named argument all others are named too. Parameters of a `start` are always named: most have defaults, and their order
means nothing.

```yaml
start: peer_search[peer](3)                 # three what?
start: peer_search[peer](attempts = 3)      # fixed
```
";

    AMBIGUOUS_VARIANT = "A0125", "a variant of several enums",
"Several enums have a variant of this name, and the place does not show which is meant.

```yaml
types:
  CloseReason: { enum: [Local, Failed] }
  ServiceResult: { enum: [Started, Failed] }
…
if: Failed == Failed                          # which?
if: reason == CloseReason.Failed              # fixed; beside `reason`, `Failed` alone is clear
```
";

    UNKNOWN_VARIANT = "A0126", "an unknown variant",
"The enum has no variant of this name.

```yaml
types: { CloseReason: { enum: [Local, Remote, TimedOut, Failed] } }
if: reason == Timeout           # no such variant
if: reason == TimedOut          # fixed
```
";

    DIVISION_BY_ZERO = "A0127", "a division by the literal 0",
"At run time a division by zero yields 0 and a fault, and the guard counts as false. A zero written in the text can only be a mistake.

```yaml
set: share = total / 0        # refused
```
";

    NOT_ALLOWED_HERE = "A0128", "an expression not allowed here",
"Properties and the keys of observations are evaluated without asking the host, so they contain no conditions; a key cannot look at states either.
`self in STATE` is for properties: a reaction's state is the one it is written in.

```yaml
on: { \"contact_status[best_peer()] enters CONNECTED\": READY }       # asks the host at a moment that nobody sees
on: { \"contact_status[my_peer] enters CONNECTED\": READY }           # fixed: `my_peer` is a variable
```
";

    NOT_SENT_BY = "A0129", "an event from a sender that its `from` does not name",
"`from` says who sends an event, and makes the map of the system. A `send` by an automaton that is not listed there is refused; an event
without `from` is only raised by the automaton itself.

```yaml
# network_connector.yaml
events: { reconnect: { from: api } }
# p2p_connector.yaml
send: network_connector.reconnect            # refused
# fixed, in network_connector.yaml:
events: { reconnect: { from: [api, p2p_connector] } }
```
";

    NO_HISTORY = "A0130", "the history of a state that keeps none",
"`STATE.history` returns to what was active when the state was last left; the state must declare that it remembers, and how deep.

```yaml
to: WORKING.history
…
WORKING: { history: shallow, initial: IDLE, states: … }         # fixed: `history` was missing
```
";

    OPTIONAL_VALUE = "A0131", "a value that may be `none` where one is needed",
"A value of a type with `?` may be `none`, so it cannot be used where a value is needed.

```yaml
variables: { friend: { type: NodeId?, initial: none } }
actions: { greet: { by: gateway, arguments: { peer: NodeId } } }
do: greet(friend)                                        # what, if it is `none`?
```

Check first: after `friend != none`, on the right of `and` and in the effects of that case, it is a `NodeId`, until it is set. Or give a
fallback for `none`:

```yaml
- { if: friend != none, do: greet(friend) }
- { if: friend != none and trusted(friend), to: READY }
- { do: wait(pause ?? 5s) }
```

The exits of the states that a transition leaves run before its own effects. If one of them sets the variable, the guard no longer
says anything about it.
";

    NO_LITERAL = "A0132", "a constant of a type that has none",
"Opaque types and `bytes` have no constants: their values come only from outside. A variable of such a type starts as `none`.

```yaml
variables: { peer: { type: NodeId, initial: nobody } }        # refused
variables: { peer: { type: NodeId?, initial: none } }         # fixed
```
";

    ORDER_MATTERS = "A0140", "an order that the keys of a part do not show",
"`set`, `send`, `start`, `raise` and `restart` are short forms for parts in which the order does not matter. If one of them reads or
writes a variable that another one sets, it does: with the old value, or with the new one? `do` is a list of effects that happen
in the order written; each sees what those before it did.

```yaml
frame_due: { set: next += 1, do: transmit(next) }      # which number is transmitted?

frame_due: { do: [transmit(next), next += 1] }         # the one from before
frame_due: { do: [next += 1, transmit(next)] }         # the new one
```
";
}
