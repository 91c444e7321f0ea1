//! Errors in the little texts of the language: expressions, assignments, calls, sends, starts, triggers, targets.

use super::codes;

codes! {
    Error;

    SYNTAX = "A0100", "a text that cannot be read",
"The text is not an expression, call, assignment, send, start, trigger or target of the language. The finding
says what was found and what could have stood there.

```yaml
if: missed > and ready        # nothing between `>` and `and`
if: missed > 3 and ready      # mended
```

The words for logic are `and`, `or`, `not`; equality is `==`; strings go in double quotes; a comparison is not chained
(`a < b and b < c`, not `a < b < c`). Within `{ … }` and `[ … ]` YAML ends a value at the comma, so calls with several
arguments want quotes there, or a line of their own:

```yaml
- { do: tell(peer, reason), to: IDLE }      # YAML cuts this behind `peer`
- { do: \"tell(peer, reason)\", to: IDLE }    # mended
```
";

    TOO_LARGE = "A0101", "a text that is too long or too deep",
"A text of the language may have 4096 bytes, and 64 operations nested in one another or chained. The bounds keep the compiler
safe from what no person writes.

```yaml
if: ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((ready))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))
if: ready                                   # mended
```

What is truly long is better as a condition, which the host answers, or as several transitions.
";

    UNKNOWN_NAME = "A0102", "an unknown name in an expression",
"A bare name in an expression is looked up as a variable, a parameter, a field of the event at hand, a condition, and a variant of an
enum, in this order. None of them has this name.

```yaml
variables: { missed: { type: u8, initial: 0 } }
…
if: mised > 3         # nothing is called `mised`
if: missed > 3        # mended
```

States are looked at by `automaton in STATE`; actions and events have no value.
";

    TYPE_MISMATCH = "A0103", "a value of the wrong type",
"A guard is `bool`; a variable, field, argument, parameter or key takes its own type; an operator takes certain types. There are no
conversions but one: an integer goes where another integer is wanted (and stays at the bound of its new place).

```yaml
variables: { missed: { type: u8, initial: 0 } }
…
if: missed                 # a number is no guard
if: missed > 0             # mended
```

Durations have units (`5s`, not `5`); `none` goes only where the type has a `?`.
";

    SECRET = "A0104", "a guard on a secret",
"Values of a type that `types.yaml` marks `secret` are carried, and nothing else: nothing that an automaton does may depend on them, for
traces hold what it depended on. So they stand in no guard, not even as the argument of a condition, and are never compared.

```yaml
types:
  Password: { rust: \"crate::Password\", secret: true }
…
if: password == old_password              # refused
do: check_password(password)              # mended: the host checks, and answers with an event
```
";

    UNORDERED = "A0105", "a comparison of what has no order",
"`<`, `<=`, `>` and `>=` are for integers and durations. All other types know only `==` and `!=`; so does a type with `?`,
since `none` is neither large nor small.

```yaml
if: reason > Local        # enums have no order
if: reason != Local       # mended
```
";

    NO_COMMON_TYPE = "A0106", "integers without a common type",
"Two integers meet in the smallest built-in type that holds all values of both. `u64` and a signed type have no such type, so that no
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
"A constant is given to, or compared with, something that can never have this value: outside the declared `min` and `max`, or
outside the type. At run time a value stays at the bound; a constant that has to is a mistake.

```yaml
variables: { tries: { type: u8, initial: 0, max: 5 } }
…
set: tries = 6            # outside 0 to 5
set: tries = 5            # mended
```
";

    FIELD_NOT_AT_HAND = "A0108", "a field that the event at hand does not have",
"Fields can be named only where their event is handled: in the cases below it. In `entry`, `exit`, `always` and timers no event is
at hand, since several may lead there.

```yaml
CONNECTED:
  entry: [remember_peer(peer)]             # which event's `peer`?
…
on:
  hello_received: { do: remember_peer(peer), to: CONNECTED }     # mended: said where the event is
```

What is needed later is kept in a variable.
";

    NO_KEY = "A0109", "`key` in an automaton without one",
"`key` is the key of the instance, and this automaton has one instance. The key that an observation bound is `event.key`.

```yaml
automaton: search_list
on:
  peer_search[any] enters FOUND: { do: note(key) }            # whose?
  peer_search[any] leaves FOUND: { do: note(event.key) }      # mended
```
";

    ANY_MISPLACED = "A0110", "`any`, `all` or `no` where it means nothing",
"`X[any]` is a form of triggers: it binds the key. In guards the words stand in front: `any X in S`, `all X in S`, `no X in S`,
and only for an automaton that has many instances.

```yaml
if: contact_status[any] in CONNECTED       # refused
if: any contact_status in CONNECTED        # mended
```
";

    ALL_MISPLACED = "A0111", "`[all]` where it means nothing",
"`X[all]` names the receivers of a send: all instances that exist. A trigger that waits for any of them is `X[any]`, a guard that
looks at all of them `all X in S`; and an instance is started one by one.

```yaml
on: { \"contact_status[all] enters CONNECTED\": READY }      # refused
on: { \"contact_status[any] enters CONNECTED\": READY }      # mended
```
";

    MISSING_KEY = "A0112", "an automaton with many instances, without a key",
"The automaton has an instance for each key; say which is meant.

```yaml
send: contact_status.ping             # whose?
send: contact_status[peer].ping       # mended: the one of this peer
send: contact_status[all].ping        # mended: each that exists
```
";

    SUPERFLUOUS_KEY = "A0113", "a key for an automaton with one instance",
"The automaton has one instance; there is nothing to choose from. Likewise `any X in S`, `all X in S` and `no X in S` look at all
instances and take no key.

```yaml
send: network_connector[all].reconnect       # refused
send: network_connector.reconnect            # mended
```
";

    UNKNOWN_AUTOMATON = "A0114", "an unknown automaton",
"No file declares an automaton of this name. It is the name behind `automaton:`, which is that of the file as well.

```yaml
send: netwrk_connector.reconnect       # misspelt
send: network_connector.reconnect      # mended
```
";

    UNKNOWN_STATE = "A0115", "an unknown state",
"The automaton (this one, or the one that is looked at) has no state of this name. Names of states are unique in a file, so a state is named
without those that surround it.

```yaml
to: CONECTED            # misspelt
to: CONNECTED           # mended
```
";

    UNKNOWN_EVENT = "A0116", "an unknown event",
"A reaction, a `raise`, a `send`, a `defer` or an `ignore` names an event that its automaton does not declare under `events:`.

```yaml
events: { ping_contact: { from: api } }
on: { ping_contct: PING }          # misspelt
on: { ping_contact: PING }         # mended
```
";

    UNKNOWN_ACTION = "A0117", "an unknown action",
"`do` and the short forms of `entry` and `exit` name actions, which are declared under `actions:` with the part that performs them.

```yaml
actions: { send_hello: { by: tcp_transport } }
do: send_helo            # misspelt
do: send_hello           # mended
```
";

    UNKNOWN_VARIABLE = "A0118", "an assignment to an unknown variable",
"`set` changes variables, which are declared under `variables:`.

```yaml
variables: { missed: { type: u8, initial: 0 } }
set: mised = 0            # misspelt
set: missed = 0           # mended
```
";

    NOT_ASSIGNABLE = "A0119", "an assignment to what is no variable",
"Only variables can be set. Parameters are constants of the instance, conditions are answered by the host, and the fields of an event
belong to its sender.

```yaml
parameters: { limit: { type: u8, default: 3 } }
set: limit = 4            # refused: make `limit` a variable
```
";

    UNKNOWN_ARGUMENT = "A0120", "an unknown argument",
"What is called has no argument, field or parameter of this name.

```yaml
actions: { remember: { by: store, arguments: { peer: NodeId } } }
do: remember(per = peer)           # misspelt
do: remember(peer = peer)          # mended
```
";

    MISSING_ARGUMENT = "A0121", "a missing argument",
"Every argument and field must be given, except those whose type has a `?`, which are `none` if left out. A started instance needs
every parameter that has no default.

```yaml
actions: { remember: { by: store, arguments: { peer: NodeId, since: duration? } } }
do: remember               # lacks `peer`
do: remember(peer)         # mended
```
";

    TOO_MANY_ARGUMENTS = "A0122", "too many arguments",
"More arguments are given than are declared.

```yaml
actions: { send_hello: { by: tcp_transport } }
do: send_hello(peer)       # it takes none
do: send_hello             # mended
```
";

    DUPLICATE_ARGUMENT = "A0123", "an argument that is given twice",
"Each argument has one value: by its place, or by its name.

```yaml
do: remember(peer, peer = other)       # `peer` twice
do: remember(peer = other)             # mended
```
";

    POSITIONAL_ARGUMENT = "A0124", "an argument without its name",
"Behind a named argument all others are named too. Parameters of a `start` are always named: most have defaults, and their order
says nothing.

```yaml
start: peer_search[peer](3)                 # three what?
start: peer_search[peer](attempts = 3)      # mended
```
";

    AMBIGUOUS_VARIANT = "A0125", "a variant of several enums",
"Several enums have a variant of this name, and the place does not tell which is meant.

```yaml
types:
  CloseReason: { enum: [Local, Failed] }
  ServiceResult: { enum: [Started, Failed] }
…
if: Failed == Failed                          # which?
if: reason == CloseReason.Failed              # mended; beside `reason`, `Failed` alone is clear
```
";

    UNKNOWN_VARIANT = "A0126", "an unknown variant",
"The enum has no variant of this name.

```yaml
types: { CloseReason: { enum: [Local, Remote, TimedOut, Failed] } }
if: reason == Timeout           # no such variant
if: reason == TimedOut          # mended
```
";

    DIVISION_BY_ZERO = "A0127", "a division by the literal 0",
"At run time a division by zero yields 0 and a fault, and the guard counts as false. Where the zero stands in the text it can only be a mistake.

```yaml
set: share = total / 0        # refused
```
";

    NOT_ALLOWED_HERE = "A0128", "an expression that cannot stand here",
"Properties and the keys of observations hold without asking the host, so they contain no conditions; a key looks at no states either.
`self in STATE` belongs into properties: in a reaction the state is known by where the reaction stands.

```yaml
on: { \"contact_status[best_peer()] enters CONNECTED\": READY }       # asks the host at a moment that nobody sees
on: { \"contact_status[my_peer] enters CONNECTED\": READY }           # mended: `my_peer` is a variable
```
";

    NOT_SENT_BY = "A0129", "an event from somebody whom its `from` does not name",
"`from` says who sends an event, and makes the map of the system. A `send` by an automaton that is not listed there is refused; an event
without `from` is only raised by the automaton itself.

```yaml
# network_connector.yaml
events: { reconnect: { from: api } }
# p2p_connector.yaml
send: network_connector.reconnect            # refused
# mended, in network_connector.yaml:
events: { reconnect: { from: [api, p2p_connector] } }
```
";

    NO_HISTORY = "A0130", "the history of a state that keeps none",
"`STATE.history` returns to what was active when the state was last left; the state must say that it remembers, and how deep.

```yaml
to: WORKING.history
…
WORKING: { history: shallow, initial: IDLE, states: … }         # mended: `history` was missing
```
";

    OPTIONAL_VALUE = "A0131", "what may be `none` where a value is wanted",
"A value of a type with `?` may be `none`, so it does not go where a value is needed.

```yaml
variables: { friend: { type: NodeId?, initial: none } }
actions: { greet: { by: gateway, arguments: { peer: NodeId } } }
do: greet(friend)                                        # what, if it is `none`?
```

Ask first: behind `friend != none`, on the right of `and` and in the effects of that case, it is a `NodeId`, until it is set. Or say what
counts where it is `none`:

```yaml
- { if: friend != none, do: greet(friend) }
- { if: friend != none and trusted(friend), to: READY }
- { do: wait(pause ?? 5s) }
```

The exits of the states that a transition leaves run before its own effects. If one of them sets the variable, the guard says nothing
about it any more.
";

    NO_LITERAL = "A0132", "a constant of a type that has none",
"Opaque types and `bytes` have no constants: their values come only from outside. A variable of such a type begins as `none`.

```yaml
variables: { peer: { type: NodeId, initial: nobody } }        # refused
variables: { peer: { type: NodeId?, initial: none } }         # mended
```
";

    ORDER_MATTERS = "A0140", "an order that the keys of a part do not tell",
"`set`, `send`, `start`, `raise` and `restart` are short forms for parts in which the order does not matter. Where one of them reads or
writes a variable that another one sets, it does: with the old value, or with the new one? `do` is a list of effects that happen in
the order in which they stand, each seeing what those before it did.

```yaml
frame_due: { set: next += 1, do: transmit(next) }      # which number is transmitted?

frame_due: { do: [transmit(next), next += 1] }         # the one from before
frame_due: { do: [next += 1, transmit(next)] }         # the new one
```
";
}
