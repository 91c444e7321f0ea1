//! `lan-discovery`: nodes in the local network are found, and find us. What is heard there is in `node/lan.rs`.

use super::Service;

/// Its name.
pub const LAN_DISCOVERY: &str = "lan-discovery";

pub(super) const SERVICE: Service = Service {
    name: LAN_DISCOVERY,
    summary: "Finds contacts in the local network, and tells everybody there that this node is here.",
    // Without sessions nobody is of use, and nothing can be announced.
    depends_on: &["tcp-transport"],
    // If it cannot be done, the reason is reported, and it is tried again each half minute.
    start: |world, _| world.search_lan(),
    stop: |world, _| world.leave_lan(),
};
