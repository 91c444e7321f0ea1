//! stub
/// stub
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct PacketId(pub [u8; 16]);

impl PacketId {
    /// stub
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}
