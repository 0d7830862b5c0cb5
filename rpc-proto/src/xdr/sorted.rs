//! Maps and sets: lists whose keys ascend by their encoded bytes, so that the order needs nothing but the wire (E-20).

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

use super::containers::ELEMENT_CHARGE;
use super::{
    Decode, DecodeBounded, DecodeError, DecodeProblem, Decoder, Encode, EncodeError, Encoder,
    Measure,
};

/// Trees and tables keep room for about as much again as they hold.
const ROOM: usize = 2;

fn encode_map<'v, K: Encode + 'v, V: Encode + 'v>(
    entries: impl ExactSizeIterator<Item = (&'v K, &'v V)>,
    out: &mut Encoder,
) -> Result<(), EncodeError> {
    out.length(entries.len())?;
    out.nested(|out| {
        let mut written = Written::new(entries.len());
        for (key, value) in entries {
            written.key(out, |out| key.encode(out))?;
            value.encode(out)?;
        }
        written.finish(out)
    })
}

fn encode_set<'v, T: Encode + 'v>(
    elements: impl ExactSizeIterator<Item = &'v T>,
    out: &mut Encoder,
) -> Result<(), EncodeError> {
    out.length(elements.len())?;
    out.nested(|out| {
        let mut written = Written::new(elements.len());
        for element in elements {
            written.key(out, |out| element.encode(out))?;
        }
        written.finish(out)
    })
}

/// Where the entries of a map lie that have been encoded so far. Mostly they come in order and stay where they are; if
/// not, they are sorted once, at the end.
struct Written {
    /// Where each entry begins, and where its key ends.
    entries: Vec<(usize, usize)>,
    is_sorted: bool,
}

impl Written {
    fn new(count: usize) -> Self {
        Self {
            entries: Vec::with_capacity(count),
            is_sorted: true,
        }
    }

    /// Encodes the next key and compares it with the one before.
    fn key(
        &mut self,
        out: &mut Encoder,
        encode: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let start = out.len();
        encode(out)?;
        let (bytes, end) = (out.as_slice(), out.len());
        if let Some((last, last_end)) = self.entries.last() {
            self.is_sorted &= bytes[*last..*last_end] < bytes[start..end];
        }
        self.entries.push((start, end));
        Ok(())
    }

    fn finish(self, out: &mut Encoder) -> Result<(), EncodeError> {
        match self.entries.first() {
            Some((first, _)) if !self.is_sorted => self.sort(*first, out),
            _ => Ok(()),
        }
    }

    #[cold]
    fn sort(&self, first: usize, out: &mut Encoder) -> Result<(), EncodeError> {
        let unsorted = out.split_off(first);
        let starts = self.entries.iter().map(|(start, _)| start - first);
        let ends = starts.clone().skip(1).chain([unsorted.len()]);
        let keys = self
            .entries
            .iter()
            .map(|(start, end)| &unsorted[start - first..end - first]);
        let mut entries: Vec<(&[u8], &[u8])> = keys
            .zip(starts.zip(ends))
            .map(|(key, (start, end))| (key, &unsorted[start..end]))
            .collect();
        entries.sort_unstable();
        if entries.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(EncodeError::Duplicate);
        }
        entries.iter().for_each(|(_, entry)| out.append(entry));
        Ok(())
    }
}

/// Takes at most `max` entries of `size` bytes in memory. `insert` takes what follows the key, and says whether the key
/// was new.
fn decode_sorted<'a, K: Decode<'a>>(
    input: &mut Decoder<'a>,
    max: u32,
    size: usize,
    mut insert: impl FnMut(K, &mut Decoder<'a>) -> Result<bool, DecodeError>,
) -> Result<(), DecodeError> {
    let len = input.length(max)?;
    input.nested(|input| {
        input.charge(len.saturating_mul((size * ROOM).max(ELEMENT_CHARGE)))?;
        let mut last: Option<&[u8]> = None;
        for _ in 0..len {
            let at = input.position();
            let (key, bytes) = input.with_bytes(K::decode)?;
            match last.map(|last| last.cmp(bytes)) {
                None | Some(Ordering::Less) => last = Some(bytes),
                Some(Ordering::Equal) => return Err(refused(at, DecodeProblem::Duplicate)),
                Some(Ordering::Greater) => return Err(refused(at, DecodeProblem::Unsorted)),
            }
            // Keys that differ on the wire can be one to the map, if their `Eq` says so.
            if !insert(key, input)? {
                return Err(refused(at, DecodeProblem::Duplicate));
            }
        }
        Ok(())
    })
}

#[cold]
fn refused(at: usize, what: DecodeProblem) -> DecodeError {
    DecodeError { at, what }
}

macro_rules! maps {
    ($($name:ident $(, $hasher:ident)?: $($bound:ident)+;)*) => {$(
        impl<K: Encode, V: Encode $(, $hasher)?> Encode for $name<K, V $(, $hasher)?> {
            fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
                encode_map(self.iter(), out)
            }
        }

        impl<'a, K: Decode<'a> $(+ $bound)+, V: Decode<'a> $(, $hasher: BuildHasher + Default)?> Decode<'a>
            for $name<K, V $(, $hasher)?>
        {
            fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
                Self::decode_bounded(input, u32::MAX)
            }
        }

        impl<K, V $(, $hasher)?> Measure for $name<K, V $(, $hasher)?> {
            fn measure(&self) -> usize {
                self.len()
            }
        }

        impl<'a, K: Decode<'a> $(+ $bound)+, V: Decode<'a> $(, $hasher: BuildHasher + Default)?> DecodeBounded<'a>
            for $name<K, V $(, $hasher)?>
        {
            fn decode_bounded(input: &mut Decoder<'a>, max: u32) -> Result<Self, DecodeError> {
                let mut map = Self::default();
                decode_sorted(input, max, size_of::<(K, V)>(), |key, input| {
                    let value = V::decode(input)?;
                    Ok(map.insert(key, value).is_none())
                })?;
                Ok(map)
            }
        }
    )*};
}

maps! {
    BTreeMap: Ord;
    HashMap, S: Eq Hash;
}

macro_rules! sets {
    ($($name:ident $(, $hasher:ident)?: $($bound:ident)+;)*) => {$(
        impl<T: Encode $(, $hasher)?> Encode for $name<T $(, $hasher)?> {
            fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
                encode_set(self.iter(), out)
            }
        }

        impl<'a, T: Decode<'a> $(+ $bound)+ $(, $hasher: BuildHasher + Default)?> Decode<'a> for $name<T $(, $hasher)?> {
            fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
                Self::decode_bounded(input, u32::MAX)
            }
        }

        impl<T $(, $hasher)?> Measure for $name<T $(, $hasher)?> {
            fn measure(&self) -> usize {
                self.len()
            }
        }

        impl<'a, T: Decode<'a> $(+ $bound)+ $(, $hasher: BuildHasher + Default)?> DecodeBounded<'a>
            for $name<T $(, $hasher)?>
        {
            fn decode_bounded(input: &mut Decoder<'a>, max: u32) -> Result<Self, DecodeError> {
                let mut set = Self::default();
                decode_sorted(input, max, size_of::<T>(), |element, _| Ok(set.insert(element)))?;
                Ok(set)
            }
        }
    )*};
}

sets! {
    BTreeSet: Ord;
    HashSet, S: Eq Hash;
}
