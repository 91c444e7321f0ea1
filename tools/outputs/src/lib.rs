//! Pictures, tables, reference pages and schema of automata definitions.
