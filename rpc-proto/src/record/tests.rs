//! The rules R-… of `docs/protocol.md`.

use proptest::prelude::*;

use super::*;

/// All records that a reader gives when the stream arrives in pieces of these lengths, in turn.
fn read_in_pieces(
    stream: &[u8],
    pieces: &[usize],
    max: usize,
) -> Result<Vec<Vec<u8>>, RecordError> {
    let mut reader = Reader::new(max);
    let mut records = Vec::new();
    let mut rest = stream;
    let mut pieces = pieces.iter().cycle();
    while !rest.is_empty() {
        let count = pieces.next().map_or(1, |piece| (*piece).min(rest.len()));
        let (now, later) = rest.split_at(count);
        reader.handle_bytes(now);
        while let Some(record) = reader.poll_record()? {
            records.push(record.to_vec());
        }
        rest = later;
    }
    reader.handle_end()?;
    Ok(records)
}

/// A record cut into fragments after these numbers of bytes; a number that leaves nothing to come is the end.
fn in_fragments(record: &[u8], lengths: &[usize]) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut rest = record;
    for length in lengths {
        if *length == 0 || *length >= rest.len() {
            break;
        }
        let (fragment, later) = rest.split_at(*length);
        stream.extend_from_slice(&(*length as u32).to_be_bytes());
        stream.extend_from_slice(fragment);
        rest = later;
    }
    stream.extend_from_slice(&mark(rest.len()).unwrap());
    stream.extend_from_slice(rest);
    stream
}

#[test]
fn r1_r5_a_record_is_a_mark_and_its_bytes() {
    assert_eq!(mark(5), Ok([0x80, 0, 0, 5]));
    assert_eq!(mark(0), Ok([0x80, 0, 0, 0]));
    assert_eq!(mark(MAX_FRAGMENT), Ok([0xff; 4]));
    assert_eq!(
        mark(MAX_FRAGMENT + 1),
        Err(RecordError::TooLong { max: MAX_FRAGMENT })
    );
    assert_eq!(
        read_in_pieces(b"\x80\0\0\x02ab\x80\0\0\0", &[64], 8),
        Ok(vec![b"ab".to_vec(), vec![]])
    );
}

#[test]
fn r2_fragments_of_one_record_are_joined() {
    let stream = b"\0\0\0\x03abc\0\0\0\x01d\x80\0\0\x02ef\x80\0\0\x01g";
    for piece in 1..=stream.len() {
        assert_eq!(
            read_in_pieces(stream, &[piece], 6),
            Ok(vec![b"abcdef".to_vec(), b"g".to_vec()]),
            "{piece}"
        );
    }
}

#[test]
fn r3_a_record_over_the_limit_is_refused_at_its_mark() {
    assert_eq!(
        read_in_pieces(b"\x80\0\0\x09", &[4], 8),
        Err(RecordError::TooLong { max: 8 })
    );
    assert_eq!(
        read_in_pieces(b"\0\0\0\x08abcdefgh\x80\0\0\x01", &[64], 8),
        Err(RecordError::TooLong { max: 8 })
    );
    assert_eq!(
        read_in_pieces(b"\0\0\0\x07abcdefg\x80\0\0\x01h", &[64], 8),
        Ok(vec![b"abcdefgh".to_vec()])
    );
}

#[test]
fn r3_a_mark_alone_claims_no_memory() {
    let mut reader = Reader::new(1 << 30);
    reader.handle_bytes(&mark(1 << 30).unwrap());
    assert_eq!(reader.poll_record(), Ok(None));
    assert!(reader.space().len() <= ROOM);
    reader.handle_bytes(&[0; 3 * ROOM]);
    assert_eq!(reader.poll_record(), Ok(None));
    reader.space();
    assert!(reader.held() <= 4 * ROOM);
}

#[test]
fn a_record_that_comes_slowly_takes_little_more_memory_than_has_come() {
    let mut reader = Reader::new(64 * KEEP);
    reader.handle_bytes(&mark(64 * KEEP).unwrap());
    for come in 1..16 {
        reader.handle_bytes(&vec![1; KEEP]);
        assert_eq!(reader.poll_record(), Ok(None));
        assert!(reader.held() <= come * KEEP * 5 / 4 + ROOM, "{come}");
    }
    let held = reader.held();
    reader.give_back();
    assert_eq!(reader.held(), held, "it has come in part");
}

#[test]
fn memory_that_is_kept_goes_back_when_asked_for_and_nothing_is_lost() {
    let long = vec![1; 4 * KEEP];
    for stream in [in_fragments(&long, &[]), in_fragments(&long, &[5])] {
        let mut reader = Reader::new(8 * KEEP);
        for _ in 0..2 {
            reader.handle_bytes(&stream);
            assert_eq!(reader.poll_record().unwrap().unwrap(), long);
            assert_eq!(reader.poll_record(), Ok(None));
            assert!(reader.held() >= 4 * KEEP);
            reader.give_back();
            assert_eq!(reader.held(), 0);
            assert_eq!(reader.poll_record(), Ok(None));
        }
    }
}

#[test]
fn r4_only_the_last_fragment_may_be_empty() {
    assert_eq!(
        read_in_pieces(b"\0\0\0\0", &[64], 8),
        Err(RecordError::EmptyFragment)
    );
    assert_eq!(
        read_in_pieces(b"\0\0\0\x01a\0\0\0\0", &[64], 8),
        Err(RecordError::EmptyFragment)
    );
    assert_eq!(
        read_in_pieces(b"\0\0\0\x01a\x80\0\0\0", &[64], 8),
        Ok(vec![b"a".to_vec()])
    );
}

#[test]
fn r6_a_stream_ends_between_records_only() {
    let stream = b"\0\0\0\x03abc\x80\0\0\x02de";
    for length in 1..stream.len() {
        assert_eq!(
            read_in_pieces(&stream[..length], &[64], 8),
            Err(RecordError::Truncated),
            "{length}"
        );
    }
    assert_eq!(Reader::new(8).handle_end(), Ok(()));
}

#[test]
fn r7_a_broken_stream_stays_broken() {
    let mut reader = Reader::new(8);
    reader.handle_bytes(b"\0\0\0\0\x80\0\0\x01a");
    for _ in 0..2 {
        assert_eq!(reader.poll_record(), Err(RecordError::EmptyFragment));
        assert_eq!(reader.handle_end(), Err(RecordError::EmptyFragment));
    }
}

#[test]
fn a_record_of_one_fragment_is_not_copied() {
    let mut reader = Reader::new(1024);
    let space = reader.space();
    let place = space.as_ptr();
    space[..14].copy_from_slice(b"\x80\0\0\x03abc\x80\0\0\x03def");
    reader.handle_filled(14);
    let first = reader.poll_record().unwrap().unwrap();
    assert_eq!(
        (first, first.as_ptr()),
        (&b"abc"[..], place.wrapping_add(4))
    );
    let second = reader.poll_record().unwrap().unwrap();
    assert_eq!(
        (second, second.as_ptr()),
        (&b"def"[..], place.wrapping_add(11))
    );
}

#[test]
fn memory_for_a_long_record_goes_back() {
    let long = vec![1; 4 * KEEP];
    for stream in [in_fragments(&long, &[]), in_fragments(&long, &[5])] {
        let mut reader = Reader::new(8 * KEEP);
        for piece in stream.chunks(KEEP) {
            assert_eq!(reader.poll_record(), Ok(None));
            reader.handle_bytes(piece);
        }
        assert_eq!(reader.poll_record().unwrap().unwrap(), long);
        reader.handle_bytes(b"\x80\0\0\x01a");
        assert_eq!(reader.poll_record().unwrap(), Some(&b"a"[..]));
        assert_eq!(reader.poll_record().unwrap(), None);
        reader.space();
        assert!(reader.buffer.capacity() <= KEEP && reader.parts.capacity() <= KEEP);
    }
}

/// P-7: in one fragment and in several, before and after more has come.
#[test]
fn a_record_that_is_put_back_is_given_once_more() {
    for fragments in [&[][..], &[2], &[1, 1, 1]] {
        let stream = in_fragments(b"first", fragments);
        let mut reader = Reader::new(100);
        reader.handle_bytes(b"\x80\0\0\x01a");
        assert_eq!(reader.poll_record().unwrap(), Some(&b"a"[..]));
        reader.handle_bytes(&stream);
        reader.handle_bytes(b"\x80\0\0\x01b");
        for _ in 0..3 {
            assert_eq!(reader.poll_record().unwrap(), Some(&b"first"[..]));
            reader.put_back();
            assert_eq!(
                reader.handle_end(),
                Err(RecordError::Truncated),
                "it is still to come"
            );
            reader.space();
        }
        assert_eq!(reader.poll_record().unwrap(), Some(&b"first"[..]));
        assert_eq!(reader.poll_record().unwrap(), Some(&b"b"[..]));
        assert_eq!(reader.poll_record().unwrap(), None);
    }
}

proptest! {
    /// neither the fragments nor the pieces in which a stream arrives change its records.
    #[test]
    fn records_do_not_depend_on_fragments_or_pieces(
        records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..12),
        fragments in prop::collection::vec(0usize..120, 0..8),
        pieces in prop::collection::vec(1usize..400, 1..8),
    ) {
        let stream: Vec<u8> = records.iter().flat_map(|record| in_fragments(record, &fragments)).collect();
        prop_assert_eq!(read_in_pieces(&stream, &pieces, 300), Ok(records));
    }

    /// Whatever comes, reading ends, and no record is over the limit.
    #[test]
    fn any_bytes_give_records_within_the_limit_or_an_error(
        stream in prop::collection::vec(prop_oneof![Just(0u8), Just(0x80), 0u8..8], 0..200),
        piece in 1usize..40,
    ) {
        if let Ok(records) = read_in_pieces(&stream, &[piece], 5) {
            prop_assert!(records.iter().all(|record| record.len() <= 5));
        }
    }
}
