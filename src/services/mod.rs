//! Services: the parts of the node that can be switched on and off, with their dependencies.

crate::name::name! {
    /// A service of this node, as in `services/<name>/enabled`.
    ServiceName
}
