//! The rows of a database file, page by page, whatever is wrong with the rest of it.
//!
//! SQLite finds rows by a tree from the first page on; a page that is damaged hides all that is below it. Here every page
//! is looked at for itself: whatever is a leaf of a tree says its rows, and which table they belong to is found out by
//! what they look like. It is what `.recover` of SQLite's shell does for tables whose schema is lost. The format:
//! <https://www.sqlite.org/fileformat2.html>.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// How every database file begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Bytes of a page, where nothing says it: SQLite's default, which this program does not change.
const USUAL_PAGE_BYTES: usize = 4096;

/// Bytes in front of the frames of a log, and of each of them.
const LOG_HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// Bytes of a row, at most: more than any that this program writes.
const ROW_BYTES: usize = 128 * 1024;

/// Columns of a row, at most.
const COLUMNS: usize = 32;

/// A value in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A number.
    Integer(i64),
    /// A number that is not whole; no table of ours has one.
    Real,
    /// Bytes.
    Blob(Vec<u8>),
    /// A text. What is not UTF-8 makes the whole row unreadable.
    Text(String),
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct PageRow {
    /// Its number; nothing in a table without such numbers, and in an index.
    pub rowid: Option<i64>,
    /// Its columns, in the order of the table.
    pub values: Vec<Value>,
}

/// A database file with its log.
pub struct Pages {
    file: File,
    log: Option<File>,
    /// Pages whose newest version is in the log, and where.
    in_log: BTreeMap<u32, u64>,
    page_bytes: usize,
    pages_of_file: u32,
    /// Pages that hold nothing any more.
    free: BTreeSet<u32>,
    /// Pages or parts of them that could not be read.
    pub unreadable: u64,
}

impl Pages {
    /// Opens the two files; the log may be missing. Nothing is changed.
    ///
    /// # Errors
    /// If they cannot be opened or read.
    pub fn open(database: &Path, log: &Path) -> io::Result<Self> {
        let mut file = File::open(database)?;
        let bytes = file.metadata()?.len();
        let mut header = [0; 100];
        let has_header = read_at(&mut file, 0, &mut header)? == header.len() && header.starts_with(MAGIC);
        let of_header =
            has_header.then(|| page_bytes(u32::from(u16::from_be_bytes([header[16], header[17]])))).flatten();
        let mut log = match File::open(log) {
            Ok(log) => Some(log),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let read = log.as_mut().map(|log| Log::read(log, of_header)).transpose()?.unwrap_or_default();
        let page_bytes = of_header.or(read.page_bytes).unwrap_or(USUAL_PAGE_BYTES);
        let pages_of_file = u32::try_from(bytes.div_ceil(page_bytes as u64)).unwrap_or(u32::MAX);
        let mut pages = Self {
            file,
            log,
            in_log: read.newest,
            page_bytes,
            pages_of_file,
            free: BTreeSet::new(),
            unreadable: read.unreadable,
        };
        pages.find_free()?;
        Ok(pages)
    }

    /// Shows every row that can be read.
    ///
    /// # Errors
    /// If a file cannot be read any more.
    pub fn rows(&mut self, mut each: impl FnMut(PageRow)) -> io::Result<()> {
        // A page of the log can have any number, if the log is damaged.
        let beyond: Vec<u32> = self.in_log.keys().copied().filter(|number| *number > self.pages_of_file).collect();
        for number in (1..=self.pages_of_file).chain(beyond) {
            if self.free.contains(&number) {
                continue;
            }
            let page = self.page(number)?;
            self.rows_of(number, &page, &mut each)?;
        }
        Ok(())
    }

    fn is_there(&self, number: u32) -> bool {
        (1..=self.pages_of_file).contains(&number) || self.in_log.contains_key(&number)
    }

    /// A page, as far as the file goes.
    fn page(&mut self, number: u32) -> io::Result<Vec<u8>> {
        let mut page = vec![0; self.page_bytes];
        let read = match (self.in_log.get(&number), &mut self.log) {
            (Some(at), Some(log)) => read_at(log, *at, &mut page)?,
            _ => read_at(&mut self.file, (u64::from(number) - 1) * self.page_bytes as u64, &mut page)?,
        };
        page.truncate(read);
        Ok(page)
    }

    /// Pages of which nothing counts any more are listed, from the header on. Without one nobody knows, and rows that
    /// were deleted may come back.
    fn find_free(&mut self) -> io::Result<()> {
        if !self.is_there(1) {
            return Ok(());
        }
        let first = self.page(1)?;
        let mut next = if first.starts_with(MAGIC) { number_at(&first, 32).unwrap_or(0) } else { 0 };
        while self.is_there(next) && self.free.insert(next) {
            let trunk = self.page(next)?;
            let leaves = number_at(&trunk, 4).unwrap_or(0) as usize;
            for index in 0..leaves.min(self.page_bytes / 4) {
                let leaf = number_at(&trunk, 8 + 4 * index);
                self.free.extend(leaf.filter(|leaf| *leaf > 1));
            }
            next = number_at(&trunk, 0).unwrap_or(0);
        }
        Ok(())
    }

    fn rows_of(&mut self, number: u32, page: &[u8], each: &mut impl FnMut(PageRow)) -> io::Result<()> {
        let start = if number == 1 { 100 } else { 0 };
        let (is_table, pointers) = match page.get(start) {
            Some(0x0d) => (true, start + 8),
            Some(0x0a) => (false, start + 8),
            // Inner pages of an index hold rows too.
            Some(0x02) => (false, start + 12),
            // What points to others, what is free, and what goes on from another page.
            Some(0x00 | 0x05) => return Ok(()),
            _ => {
                self.unreadable += 1;
                return Ok(());
            }
        };
        let cells = usize::from(short_at(page, start + 3).unwrap_or(0));
        for cell in 0..cells {
            let at = short_at(page, pointers + 2 * cell).map(usize::from);
            let Some(at) = at.filter(|at| *at >= pointers && *at < page.len()) else {
                self.unreadable += 1;
                continue;
            };
            let at = if page[start] == 0x02 { at + 4 } else { at };
            match self.cell(page, at, is_table)? {
                Some(row) => each(row),
                None => self.unreadable += 1,
            }
        }
        Ok(())
    }

    fn cell(&mut self, page: &[u8], at: usize, is_table: bool) -> io::Result<Option<PageRow>> {
        let Some((bytes, at)) = varint(page, at) else { return Ok(None) };
        let Some((rowid, at)) = (if is_table { varint(page, at) } else { Some((0, at)) }) else { return Ok(None) };
        let Some(bytes) = usize::try_from(bytes).ok().filter(|bytes| *bytes <= ROW_BYTES) else { return Ok(None) };
        let usable = self.page_bytes;
        let most = if is_table { usable - 35 } else { (usable - 12) * 64 / 255 - 23 };
        let least = (usable - 12) * 32 / 255 - 23;
        let here = if bytes <= most {
            bytes
        } else {
            let some = least + (bytes - least) % (usable - 4);
            if some <= most { some } else { least }
        };
        let Some(local) = page.get(at..at + here) else { return Ok(None) };
        let mut payload = local.to_vec();
        let mut next = if here < bytes { number_at(page, at + here).unwrap_or(0) } else { 0 };
        // What goes on in a circle is longer than there are pages.
        let mut left = bytes / (usable - 4) + 1;
        while payload.len() < bytes {
            if !self.is_there(next) || left == 0 {
                return Ok(None);
            }
            left -= 1;
            let further = self.page(next)?;
            next = number_at(&further, 0).unwrap_or(0);
            let take = (bytes - payload.len()).min(usable - 4);
            let Some(further) = further.get(4..4 + take) else { return Ok(None) };
            payload.extend_from_slice(further);
        }
        // The last page of a row leads nowhere; if it does, it is not what was written.
        if next != 0 {
            return Ok(None);
        }
        Ok(values(&payload).map(|values| PageRow { rowid: is_table.then_some(rowid), values }))
    }
}

/// Whether a log was damaged: more was committed to it than can be read back. The last transaction may be torn by a
/// crash, and was not promised to anybody then; what is behind a frame that is wrong, and was committed, was.
///
/// # Errors
/// If it cannot be read.
pub fn is_log_damaged(log: &Path) -> io::Result<bool> {
    match File::open(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
        Ok(mut log) => Ok(Log::read(&mut log, None)?.lost_commits > 1),
    }
}

/// What a log holds.
#[derive(Default)]
struct Log {
    page_bytes: Option<usize>,
    /// Where the newest version of each page is.
    newest: BTreeMap<u32, u64>,
    /// Frames that are wrong.
    unreadable: u64,
    /// Commits that SQLite would not find.
    lost_commits: u64,
}

impl Log {
    /// Reads a log as far as it makes sense; SQLite stops at the first frame that is wrong.
    fn read(log: &mut File, page_bytes_of_database: Option<usize>) -> io::Result<Self> {
        let bytes = log.metadata()?.len();
        let mut header = [0; LOG_HEADER_BYTES];
        let is_there = read_at(log, 0, &mut header)? == header.len();
        let mut frame_header = [0; FRAME_HEADER_BYTES];
        if !is_there || read_at(log, LOG_HEADER_BYTES as u64, &mut frame_header)? < FRAME_HEADER_BYTES {
            return Ok(Self::default());
        }
        let magic = number_at(&header, 0).unwrap_or(0);
        let is_big = magic == 0x377f_0683;
        let sum = checksum([0, 0], &header[..24], is_big);
        let is_sound = (is_big || magic == 0x377f_0682) && sum.map(u32::to_be_bytes).concat() == header[24..32];
        // Of a log without a header the frames still say to which run they belong.
        let salts: [u8; 8] = if is_sound { part(&header, 16) } else { part(&frame_header, 8) };
        let of_header = page_bytes(number_at(&header, 8).unwrap_or(0)).filter(|_| is_sound);
        let page_bytes = of_header.or(page_bytes_of_database).unwrap_or(USUAL_PAGE_BYTES);
        let mut found = Self { page_bytes: Some(page_bytes), ..Self::default() };
        let mut sum = is_sound.then_some(sum);
        let mut is_found_by_sqlite = is_sound;
        let mut uncommitted = BTreeMap::new();
        let mut page = vec![0; page_bytes];
        let mut at = LOG_HEADER_BYTES as u64;
        while at + (FRAME_HEADER_BYTES + page_bytes) as u64 <= bytes {
            read_at(log, at, &mut frame_header)?;
            let page_at = at + FRAME_HEADER_BYTES as u64;
            read_at(log, page_at, &mut page)?;
            at = page_at + page_bytes as u64;
            let (number, size) = (number_at(&frame_header, 0).unwrap_or(0), number_at(&frame_header, 4).unwrap_or(0));
            let own: [u8; 8] = part(&frame_header, 16);
            let of_this_run = part::<8>(&frame_header, 8) == salts;
            let expected = sum.map(|sum| checksum(checksum(sum, &frame_header[..8], is_big), &page, is_big));
            let is_right = of_this_run
                && number > 0
                && expected.is_none_or(|expected| expected.map(u32::to_be_bytes).concat() == own);
            // The next one is held against what this one says, so that one wrong frame is one.
            sum = of_this_run.then(|| [number_at(&own, 0).unwrap_or(0), number_at(&own, 4).unwrap_or(0)]);
            is_found_by_sqlite &= is_right;
            if !is_right {
                found.unreadable += u64::from(of_this_run);
                continue;
            }
            uncommitted.insert(number, page_at);
            if size > 0 {
                found.newest.append(&mut uncommitted);
                found.lost_commits += u64::from(!is_found_by_sqlite);
            }
        }
        // All of it is lost to SQLite without the header, even one commit.
        if !is_sound && found.lost_commits > 0 {
            found.lost_commits += 1;
        }
        Ok(found)
    }
}

/// The checksum of a log, over numbers of 32 bits.
fn checksum(start: [u32; 2], bytes: &[u8], is_big: bool) -> [u32; 2] {
    let mut sum = start;
    for pair in bytes.chunks_exact(8) {
        let number = |at: usize| {
            let bytes = part(pair, at);
            if is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
        };
        sum[0] = sum[0].wrapping_add(number(0)).wrapping_add(sum[1]);
        sum[1] = sum[1].wrapping_add(number(4)).wrapping_add(sum[0]);
    }
    sum
}

/// The size of a page, if it can be one.
fn page_bytes(number: u32) -> Option<usize> {
    let bytes = if number == 1 { 65_536 } else { number };
    (bytes.is_power_of_two() && (512..=65_536).contains(&bytes)).then_some(bytes as usize)
}

/// The values of a row.
fn values(payload: &[u8]) -> Option<Vec<Value>> {
    let (header, mut at) = varint(payload, 0)?;
    let header = usize::try_from(header).ok().filter(|header| *header <= payload.len())?;
    let mut body = header;
    let mut values = Vec::new();
    while at < header {
        let (kind, next) = varint(payload, at)?;
        at = next;
        let kind = usize::try_from(kind).ok()?;
        let bytes = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => (kind - 12) / 2,
        };
        let of_value = payload.get(body..body.checked_add(bytes)?)?;
        body += bytes;
        values.push(match kind {
            0 => Value::Null,
            1..=6 => Value::Integer(signed(of_value)),
            7 => Value::Real,
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            _ if kind % 2 == 0 => Value::Blob(of_value.to_vec()),
            _ => Value::Text(std::str::from_utf8(of_value).ok()?.to_owned()),
        });
        if values.len() > COLUMNS {
            return None;
        }
    }
    (at == header && body == payload.len()).then_some(values)
}

fn signed(bytes: &[u8]) -> i64 {
    let start = if bytes.first().is_some_and(|first| first & 0x80 != 0) { -1 } else { 0 };
    bytes.iter().fold(start, |number, byte| number << 8 | i64::from(*byte))
}

/// SQLite's numbers of one to nine bytes, and where the next thing begins.
fn varint(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let mut number: u64 = 0;
    for index in 0..9 {
        let byte = *bytes.get(at + index)?;
        if index == 8 {
            return Some(((number << 8 | u64::from(byte)).cast_signed(), at + 9));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number.cast_signed(), at + index + 1));
        }
    }
    None
}

fn part<const BYTES: usize>(bytes: &[u8], at: usize) -> [u8; BYTES] {
    bytes.get(at..at + BYTES).and_then(|part| part.try_into().ok()).unwrap_or([0; BYTES])
}

fn number_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|_| u32::from_be_bytes(part(bytes, at)))
}

fn short_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|_| u16::from_be_bytes(part(bytes, at)))
}

/// Fills the buffer from a place on, as far as the file goes; says how far that is.
fn read_at(file: &mut File, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    file.seek(SeekFrom::Start(at))?;
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            bytes => filled += bytes,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_sqlite_writes_them() {
        assert_eq!(varint(&[0x07], 0), Some((7, 1)));
        assert_eq!(varint(&[0x81, 0x00], 0), Some((128, 2)));
        assert_eq!(varint(&[0xff; 9], 0), Some((-1, 9)));
        assert_eq!(varint(&[0xff; 8], 0), None);
        assert_eq!((signed(&[0xff]), signed(&[0x01, 0x00]), signed(&[0x80, 0, 0])), (-1, 256, -8_388_608));
        // (NULL, 5, 0, x'ab', 'é')
        let row = [6, 0, 1, 8, 14, 17, 5, 0xab, 0xc3, 0xa9];
        let expected =
            [Value::Null, Value::Integer(5), Value::Integer(0), Value::Blob(vec![0xab]), Value::Text("é".into())];
        assert_eq!(values(&row), Some(expected.to_vec()));
        for wrong in [&row[..9], &[][..], &[200], &[2, 10], &[3, 0]] {
            assert_eq!(values(wrong), None, "{wrong:?}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_is_in_the_files_does_no_harm(
            mut database in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..20_000),
            log in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..20_000),
            kinds in proptest::collection::vec(0..5_usize, 40),
        ) {
            // Pages that claim to be something.
            for (page, kind) in kinds.into_iter().enumerate() {
                if let Some(first) = database.get_mut(page * 512) {
                    *first = [0x0d, 0x0a, 0x02, 0x05, 0x00][kind];
                }
            }
            if database.len() > 100 {
                database[..16].copy_from_slice(MAGIC);
                database[16..18].copy_from_slice(&512_u16.to_be_bytes());
            }
            let folder = tempfile::tempdir().expect("a folder");
            let (file, log_file) = (folder.path().join("db"), folder.path().join("db-wal"));
            std::fs::write(&file, database).expect("written");
            std::fs::write(&log_file, log).expect("written");
            let mut pages = Pages::open(&file, &log_file).expect("opened");
            pages.rows(drop).expect("read");
            is_log_damaged(&log_file).expect("read");
        }
    }
}
