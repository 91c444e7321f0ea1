//! The value of FINGERPRINT (RFC 8489, section 14.7): CRC-32 as in ITU V.42, with a constant by which it differs from a
//! checksum that another protocol may have at the same place.

/// What the checksum is combined with: `STUN` in ASCII.
const MARK: u32 = 0x5354_554e;

/// The polynomial of ITU V.42, its bits in reverse.
const POLYNOMIAL: u32 = 0xedb8_8320;

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < table.len() {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ POLYNOMIAL } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

/// The fingerprint of a message, of which everything before the attribute is given.
pub(super) fn fingerprint(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| (sum >> 8) ^ TABLE[usize::from((sum as u8) ^ byte)];
    !bytes.iter().fold(u32::MAX, step) ^ MARK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_v42() {
        // The check value of the catalogue of CRC algorithms: CRC-32/ISO-HDLC of these digits.
        assert_eq!(fingerprint(b"123456789") ^ MARK, 0xcbf4_3926);
    }
}
