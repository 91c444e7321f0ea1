//! Between columns and types.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::identity::{Invitation, InvitationDigest, NodeId};
use crate::messages::{ContactState, DeliveryState};
use crate::wire::PacketId;

/// SQLite's integers have a sign. Times and counts that do not fit are as good as endless.
pub fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A column that can be written and read.
pub struct Column<T>(pub T);

impl ToSql for Column<NodeId> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

impl FromSql for Column<NodeId> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 32]>::column_result(value).map(|bytes| Self(NodeId::from_bytes(bytes)))
    }
}

impl ToSql for Column<Invitation> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

impl FromSql for Column<Invitation> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 16]>::column_result(value).map(|bytes| Self(Invitation::from_bytes(bytes)))
    }
}

impl ToSql for Column<InvitationDigest> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0.0)))
    }
}

impl FromSql for Column<InvitationDigest> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 32]>::column_result(value).map(|bytes| Self(InvitationDigest(bytes)))
    }
}

impl ToSql for Column<PacketId> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

impl FromSql for Column<PacketId> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 16]>::column_result(value).map(|bytes| Self(PacketId(bytes)))
    }
}

impl ToSql for Column<ContactState> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number: i64 = match self.0 {
            ContactState::Requested => 0,
            ContactState::Accepted => 1,
            ContactState::Blocked => 2,
            ContactState::Removed => 3,
        };
        Ok(number.into())
    }
}

impl FromSql for Column<ContactState> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match i64::column_result(value)? {
            0 => Ok(Self(ContactState::Requested)),
            1 => Ok(Self(ContactState::Accepted)),
            2 => Ok(Self(ContactState::Blocked)),
            3 => Ok(Self(ContactState::Removed)),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

impl ToSql for Column<DeliveryState> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        // The unfinished ones are below 3: the schema's index of them says so.
        let number: i64 = match self.0 {
            DeliveryState::Queued => 0,
            DeliveryState::Sent => 2,
            DeliveryState::Delivered => 3,
            DeliveryState::Read => 4,
            DeliveryState::Refused => 5,
            DeliveryState::Expired => 6,
        };
        Ok(number.into())
    }
}

impl FromSql for Column<DeliveryState> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(match i64::column_result(value)? {
            0 => DeliveryState::Queued,
            // 1 was a state that no version has written.
            2 => DeliveryState::Sent,
            3 => DeliveryState::Delivered,
            4 => DeliveryState::Read,
            5 => DeliveryState::Refused,
            6 => DeliveryState::Expired,
            other => return Err(FromSqlError::OutOfRange(other)),
        }))
    }
}

/// The value of a column, out of its wrapper.
pub fn get<T>(row: &Row<'_>, name: &str) -> rusqlite::Result<T>
where
    Column<T>: FromSql,
{
    row.get::<_, Column<T>>(name).map(|column| column.0)
}

/// The same for a column that may be empty.
pub fn get_optional<T>(row: &Row<'_>, name: &str) -> rusqlite::Result<Option<T>>
where
    Column<T>: FromSql,
{
    row.get::<_, Option<Column<T>>>(name).map(|column| column.map(|column| column.0))
}

/// A text that this program has checked before it wrote it.
pub fn parsed<T>(row: &Row<'_>, name: &str, read: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = row.get(name)?;
    read(&text).ok_or_else(|| FromSqlError::InvalidType.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_as_they_were_written() {
        for state in DeliveryState::ALL {
            let Ok(ToSqlOutput::Owned(value)) = Column(state).to_sql() else { panic!("a number is owned") };
            assert_eq!(Column::<DeliveryState>::column_result((&value).into()).expect("known").0, state);
            let number = i64::column_result((&value).into()).expect("a number");
            assert_eq!(state.is_final(), number >= 3, "the index of unfinished deliveries");
        }
        assert!(Column::<DeliveryState>::column_result(ValueRef::Integer(7)).is_err());
        assert!(Column::<ContactState>::column_result(ValueRef::Integer(-1)).is_err());
    }
}
