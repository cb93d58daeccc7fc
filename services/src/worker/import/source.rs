//! The bytes of a file as UTF-8, block by block.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes that are looked at to find the encoding.
const PREFIX: usize = 1 << 20;
/// Stands for bytes that can't be decoded. It is never a part of UTF-8, so that one check finds them whatever the
/// encoding was.
const UNDECODABLE: u8 = 0xFF;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A file, read once from its beginning to its end. Blocks are UTF-8 but for bytes that could not be decoded.
pub(super) struct Source<R> {
    reader: R,
    raw: Vec<u8>,
    /// None where the file is UTF-8, which needs no second buffer.
    decoder: Option<Decoder>,
    decoded: Vec<u8>,
    /// Where the current block lies, in `raw` or in `decoded`.
    block: std::ops::Range<usize>,
    /// Where in `raw` the beginning of the file lies until it has been given as the first block.
    prefix: Option<std::ops::Range<usize>>,
    is_whole: bool,
    bytes: u64,
}

impl<R: Read> Source<R> {
    /// Reads as much of the file as is needed to find its encoding.
    pub(super) fn open(mut reader: R) -> io::Result<Self> {
        let mut raw = Vec::new();
        reader.by_ref().take(PREFIX as u64).read_to_end(&mut raw)?;
        let length = raw.len();
        raw.resize(PREFIX, 0);
        Ok(Self {
            reader,
            raw,
            decoder: None,
            decoded: Vec::new(),
            block: 0..0,
            prefix: Some(0..length),
            is_whole: length < PREFIX,
            bytes: length as u64,
        })
    }

    /// The encoding that the beginning of the file speaks for.
    pub(super) fn detect(&self) -> &'static Encoding {
        detect(self.beginning(), self.is_whole)
    }

    /// Reads the file in this encoding.
    pub(super) fn decode_as(&mut self, encoding: &'static Encoding) {
        if encoding == UTF_8 {
            if self.beginning().starts_with(BOM)
                && let Some(prefix) = &mut self.prefix
            {
                prefix.start += BOM.len();
            }
        } else {
            self.decoder = Some(encoding.new_decoder_with_bom_removal());
        }
    }

    fn beginning(&self) -> &[u8] {
        self.prefix.clone().map_or(&[], |prefix| &self.raw[prefix])
    }

    /// Goes to the next block; false at the end of the file.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        loop {
            let raw = if let Some(prefix) = self.prefix.take() {
                prefix
            } else {
                let length = read_some(&mut self.reader, &mut self.raw)?;
                self.bytes += length as u64;
                0..length
            };
            let is_end = raw.is_empty();
            match &mut self.decoder {
                None => self.block = raw,
                Some(decoder) => {
                    decode(decoder, &self.raw[raw], is_end, &mut self.decoded);
                    self.block = 0..self.decoded.len();
                }
            }
            if is_end {
                // Nothing may be decoded twice.
                if self.decoder.take().is_some() {
                    self.raw.clear();
                    std::mem::swap(&mut self.raw, &mut self.decoded);
                    return Ok(!self.block.is_empty());
                }
                return Ok(false);
            }
            if !self.block.is_empty() {
                return Ok(true);
            }
        }
    }

    /// The current block.
    pub(super) fn block(&self) -> &[u8] {
        if self.decoder.is_some() { &self.decoded[self.block.clone()] } else { &self.raw[self.block.clone()] }
    }

    /// Bytes of the file that have been read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether the first block is the whole file.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }
}

fn read_some(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Decodes a block, replacing what `decoded` holds.
fn decode(decoder: &mut Decoder, mut raw: &[u8], is_last: bool, decoded: &mut Vec<u8>) {
    decoded.clear();
    loop {
        let start = decoded.len();
        // Without a known maximum the loop takes more turns, nothing else.
        let room = decoder.max_utf8_buffer_length_without_replacement(raw.len()).unwrap_or(1 << 20).max(16);
        decoded.resize(start + room, 0);
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(raw, &mut decoded[start..], is_last);
        decoded.truncate(start + written);
        raw = &raw[read..];
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => decoded.push(UNDECODABLE),
        }
    }
}

fn detect(prefix: &[u8], is_whole: bool) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(prefix) {
        return encoding;
    }
    if let Some(encoding) = utf_16(prefix) {
        return encoding;
    }
    let (mut characters, mut errors) = (0_usize, 0_usize);
    let mut chunks = prefix.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        characters += chunk.valid().bytes().filter(|byte| *byte >= 0xC0).count();
        // A character that the end of the prefix cuts is none.
        let is_cut = chunks.peek().is_none()
            && !is_whole
            && std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
        errors += usize::from(!chunk.invalid().is_empty() && !is_cut);
    }
    // Other encodings hardly ever look like UTF-8; a file that mostly does is a damaged one, and shall be told so.
    if errors * 8 <= characters {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(prefix, is_whole);
    detector.guess(None, Utf8Detection::Deny)
}

/// UTF-16 without a byte order mark: nearly every other byte of Latin text is zero.
fn utf_16(prefix: &[u8]) -> Option<&'static Encoding> {
    let pairs = prefix.len().min(4_096) / 2;
    let zeros = |offset: usize| prefix[..pairs * 2].iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    if pairs >= 2 && second * 10 >= pairs * 7 && first * 20 <= pairs {
        Some(UTF_16LE)
    } else if pairs >= 2 && first * 10 >= pairs * 7 && second * 20 <= pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (&'static str, Vec<u8>) {
        let mut source = Source::open(bytes).expect("memory does not fail");
        let encoding = source.detect();
        source.decode_as(encoding);
        let mut text = Vec::new();
        while source.advance().expect("memory does not fail") {
            text.extend(source.block());
        }
        assert_eq!(source.bytes(), bytes.len() as u64);
        (encoding.name(), text)
    }

    fn check(bytes: &[u8], encoding: &str, text: &str) {
        let (found, decoded) = read(bytes);
        assert_eq!((found, String::from_utf8_lossy(&decoded).as_ref()), (encoding, text));
    }

    #[test]
    fn encodings_are_found() {
        check(b"", "UTF-8", "");
        check(b"plain", "UTF-8", "plain");
        check("Zürich, 東京".as_bytes(), "UTF-8", "Zürich, 東京");
        check("\u{FEFF}Zürich".as_bytes(), "UTF-8", "Zürich");
        check(b"\xFF\xFEZ\0\xFC\0", "UTF-16LE", "Zü");
        check(b"\xFE\xFF\0Z\0\xFC", "UTF-16BE", "Zü");
        check(b"n\0a\0m\0e\0,\0\xFC\0\n\0", "UTF-16LE", "name,ü\n");
        check(b"\0n\0a\0m\0e\0,\0\xFC\0\n", "UTF-16BE", "name,ü\n");
        check(b"name,city\nJ\xFCrg,Z\xFCrich\n", "windows-1252", "name,city\nJürg,Zürich\n");
    }

    #[test]
    fn a_damaged_utf_8_file_stays_utf_8() {
        let mut bytes = "Zürich Köln Genève São Paulo Århus Łódź".repeat(10).into_bytes();
        bytes.push(0xFF);
        assert_eq!(read(&bytes), ("UTF-8", bytes.clone()));
    }

    #[test]
    fn undecodable_bytes_are_marked_in_other_encodings() {
        // Half a surrogate pair.
        assert_eq!(read(b"\xFF\xFEa\0\x00\xD8b\0"), ("UTF-16LE", b"a\xFFb".to_vec()));
        // Half a character at the end.
        assert_eq!(read(b"\xFF\xFEa\0b"), ("UTF-16LE", b"a\xFF".to_vec()));
    }

    #[test]
    fn a_character_may_lie_across_blocks() {
        for shift in 0..4 {
            let text = format!("{}{}", "a".repeat(shift), "🦀".repeat(PREFIX / 2));
            let (encoding, decoded) = read(text.as_bytes());
            assert_eq!(encoding, "UTF-8");
            assert!(decoded == text.as_bytes());
            let utf_16: Vec<u8> =
                std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
            let (encoding, decoded) = read(&utf_16);
            assert_eq!(encoding, "UTF-16LE");
            assert!(decoded == text.as_bytes());
        }
    }
}
