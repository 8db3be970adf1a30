//! Uploads that arrive in pieces. What was taken is durable and survives a cut, a restart and a crash; the sender asks how much there
//! is and goes on from there. Only when the last piece is there are the bytes held against their name.
//!
//! A part is a row of records, each a piece as it came, sealed like a blob where there is a key. A record that a crash tore is not
//! counted.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use baton_domain::{BlobId, MemberId};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

use super::{BESIDE, BlobError, Blobs, NONCE_BYTES};

/// How the names of parts begin.
pub(super) const PART: &str = "part-";
/// A part that nobody went on with for so long is given up, in seconds.
pub(super) const ABANDONED_S: u64 = 24 * 3600;
/// Before each record: how many bytes it holds, and how many it takes.
const HEAD_BYTES: usize = 8;

/// How an upload stands after a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The piece is durable; the next one begins here.
    More(u64),
    /// That was the last piece, and the blob is kept.
    Whole,
    /// The piece does not begin where the upload stands, or somebody else is writing at this moment: go on from here.
    Elsewhere(u64),
}

impl Blobs {
    /// How many bytes of an upload are durable.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn uploaded(&self, id: &BlobId, by: MemberId) -> Result<u64, BlobError> {
        match File::open(self.part(id, by)) {
            Ok(mut file) => Ok(self.records(&mut file, id, false)?.plain),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the piece of an upload of `total` bytes that begins at `offset`.
    ///
    /// # Errors
    /// When the whole is not what its name says (nothing of it is kept then), or the disk says no.
    pub fn append(
        &self,
        id: &BlobId,
        by: MemberId,
        offset: u64,
        total: u64,
        piece: &[u8],
    ) -> Result<Appended, BlobError> {
        let path = self.part(id, by);
        if offset == 0 {
            forget_abandoned(&self.root.join(BESIDE))?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        let locked = file.try_lock().is_ok();
        let there = self.records(&mut file, id, false)?;
        if !locked || there.plain != offset {
            return Ok(Appended::Elsewhere(there.plain));
        }
        let reached = offset.saturating_add(length(piece));
        if reached > total {
            fs::remove_file(&path)?;
            return Err(BlobError::Mismatch(id.clone()));
        }
        if !piece.is_empty() {
            // What a crash tore goes.
            file.set_len(there.stored)?;
            file.seek(SeekFrom::Start(there.stored))?;
            file.write_all(&self.record(id, offset, piece)?)?;
            file.sync_data()?;
        }
        if reached < total {
            return Ok(Appended::More(reached));
        }
        let whole = self.records(&mut file, id, true)?.bytes;
        // A part that is whole and wrong would stay wrong.
        let kept = self.put_many(&[(id.clone(), &whole)]);
        if matches!(kept, Ok(()) | Err(BlobError::Mismatch(_))) {
            fs::remove_file(&path)?;
        }
        kept.map(|()| Appended::Whole)
    }

    fn part(&self, id: &BlobId, by: MemberId) -> PathBuf {
        self.root.join(BESIDE).join(format!("{PART}{by}-{id}"))
    }

    fn record(&self, id: &BlobId, offset: u64, piece: &[u8]) -> Result<Vec<u8>, BlobError> {
        let body = match &self.key {
            None => piece.to_vec(),
            Some(key) => {
                let mut nonce = [0; NONCE_BYTES];
                let random = [*uuid::Uuid::new_v4().as_bytes(), *uuid::Uuid::new_v4().as_bytes()].concat();
                for (slot, byte) in nonce.iter_mut().zip(random) {
                    *slot = byte;
                }
                let sealed = XChaCha20Poly1305::new(&Key::from(*key))
                    .encrypt(
                        &XNonce::from(nonce),
                        Payload {
                            msg: piece,
                            aad: mark(id, offset).as_bytes(),
                        },
                    )
                    .map_err(|_| BlobError::Damaged(id.clone()))?;
                [nonce.as_slice(), &sealed].concat()
            }
        };
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| BlobError::Damaged(id.clone()));
        let head = [size(piece)?.to_le_bytes(), size(&body)?.to_le_bytes()].concat();
        Ok([head, body].concat())
    }

    /// Reads the whole records of a part; their bytes only where they are wanted.
    fn records(&self, file: &mut File, id: &BlobId, wanted: bool) -> Result<Records, BlobError> {
        let end = file.metadata()?.len();
        let mut found = Records::default();
        loop {
            file.seek(SeekFrom::Start(found.stored))?;
            let mut head = [0; HEAD_BYTES];
            match file.read_exact(&mut head) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(found),
                Err(error) => return Err(error.into()),
            }
            let [a, b, c, d, e, f, g, h] = head;
            let plain = u32::from_le_bytes([a, b, c, d]);
            let stored = u32::from_le_bytes([e, f, g, h]);
            let after = found
                .stored
                .saturating_add(HEAD_BYTES as u64)
                .saturating_add(u64::from(stored));
            if after > end || plain == 0 {
                return Ok(found);
            }
            if wanted {
                let mut body = vec![0; stored as usize];
                file.read_exact(&mut body)?;
                found.bytes.append(&mut self.piece(id, found.plain, body)?);
            }
            found.stored = after;
            found.plain = found.plain.saturating_add(u64::from(plain));
        }
    }

    fn piece(&self, id: &BlobId, offset: u64, body: Vec<u8>) -> Result<Vec<u8>, BlobError> {
        let Some(key) = &self.key else { return Ok(body) };
        let damaged = || BlobError::Damaged(id.clone());
        let (nonce, sealed) = body.split_at_checked(NONCE_BYTES).ok_or_else(damaged)?;
        XChaCha20Poly1305::new(&Key::from(*key))
            .decrypt(
                &XNonce::try_from(nonce).map_err(|_| damaged())?,
                Payload {
                    msg: sealed,
                    aad: mark(id, offset).as_bytes(),
                },
            )
            .map_err(|_| damaged())
    }
}

#[derive(Default)]
struct Records {
    /// Bytes they hold.
    plain: u64,
    /// Bytes they take.
    stored: u64,
    /// What they hold, where it was wanted.
    bytes: Vec<u8>,
}

/// A piece opens in its place only.
fn mark(id: &BlobId, offset: u64) -> String {
    format!("{id} {offset}")
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn forget_abandoned(beside: &Path) -> io::Result<()> {
    for left in fs::read_dir(beside)?.flatten() {
        let part = left.file_name().to_str().is_some_and(|name| name.starts_with(PART));
        if part && age_s(&left).is_some_and(|age| age > ABANDONED_S) {
            fs::remove_file(left.path())?;
        }
    }
    Ok(())
}

/// How long ago it was last written.
pub(super) fn age_s(entry: &fs::DirEntry) -> Option<u64> {
    let written = entry.metadata().and_then(|meta| meta.modified()).ok()?;
    Some(written.elapsed().ok()?.as_secs())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    const ANNA: MemberId = MemberId(uuid::Uuid::from_u128(1));
    const BEN: MemberId = MemberId(uuid::Uuid::from_u128(2));
    const OFFER: &[u8] = b"forty-two lamps for the orangery";

    fn blobs(key: Option<[u8; 32]>) -> (tempfile::TempDir, Blobs) {
        let directory = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(directory.path().join("blobs"), key).unwrap();
        (directory, blobs)
    }

    #[test]
    fn an_upload_goes_on_where_it_was_cut_also_after_a_restart() {
        for key in [None, Some([7; 32])] {
            let (directory, blobs) = blobs(key);
            let id = BlobId::of(OFFER);
            assert_eq!(blobs.uploaded(&id, ANNA).unwrap(), 0);
            assert_eq!(
                blobs.append(&id, ANNA, 0, 32, &OFFER[..10]).unwrap(),
                Appended::More(10)
            );
            let again = Blobs::open(directory.path().join("blobs"), key).unwrap();
            assert_eq!(again.uploaded(&id, ANNA).unwrap(), 10);
            // Nobody goes on with somebody else's, and a piece sent twice counts once.
            assert_eq!(again.uploaded(&id, BEN).unwrap(), 0);
            assert_eq!(
                again.append(&id, ANNA, 0, 32, &OFFER[..10]).unwrap(),
                Appended::Elsewhere(10)
            );
            assert!(!again.has(&id));
            assert_eq!(again.append(&id, ANNA, 10, 32, &OFFER[10..]).unwrap(), Appended::Whole);
            assert_eq!(again.get(&id).unwrap().unwrap(), OFFER);
            assert_eq!(again.uploaded(&id, ANNA).unwrap(), 0);
        }
    }

    #[test]
    fn a_record_that_a_crash_tore_is_sent_again() {
        let (_directory, blobs) = blobs(Some([7; 32]));
        let id = BlobId::of(OFFER);
        blobs.append(&id, ANNA, 0, 32, &OFFER[..10]).unwrap();
        blobs.append(&id, ANNA, 10, 32, &OFFER[10..20]).unwrap();
        let path = blobs.part(&id, ANNA);
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(file.metadata().unwrap().len() - 3).unwrap();
        assert_eq!(blobs.uploaded(&id, ANNA).unwrap(), 10);
        assert_eq!(blobs.append(&id, ANNA, 10, 32, &OFFER[10..]).unwrap(), Appended::Whole);
        assert_eq!(blobs.get(&id).unwrap().unwrap(), OFFER);
    }

    #[test]
    fn a_whole_that_is_not_what_its_name_says_is_thrown_away() {
        let (_directory, blobs) = blobs(None);
        let id = BlobId::of(OFFER);
        blobs.append(&id, ANNA, 0, 4, b"no").unwrap();
        assert!(matches!(
            blobs.append(&id, ANNA, 2, 4, b"pe"),
            Err(BlobError::Mismatch(_))
        ));
        assert!(!blobs.has(&id));
        assert_eq!(blobs.uploaded(&id, ANNA).unwrap(), 0);
        // Nor does more come than was announced.
        assert!(matches!(
            blobs.append(&id, ANNA, 0, 4, OFFER),
            Err(BlobError::Mismatch(_))
        ));
    }

    #[test]
    fn nothing_of_a_part_is_readable_without_the_key() {
        let (_directory, blobs) = blobs(Some([7; 32]));
        let id = BlobId::of(OFFER);
        blobs.append(&id, ANNA, 0, 32, &OFFER[..20]).unwrap();
        let on_disk = fs::read(blobs.part(&id, ANNA)).unwrap();
        assert!(!on_disk.windows(5).any(|window| window == b"lamps"));
    }
}
