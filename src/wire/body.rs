//! Bodies of few fields, behind the tags of frames and of what bulk streams begin with.

/// A body of one field.
#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub(super) struct Body<T> {
    #[n(0)]
    pub value: T,
}

/// A body of no field yet.
#[derive(minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub(super) struct Empty {}
