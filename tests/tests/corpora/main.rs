//! The fuzz targets on their committed corpora, and on small mutations of them: no other compiler needed.
#![expect(clippy::print_stdout, reason = "counts and seeds belong into the output of a test that fails")]

#[cfg(test)]
mod replay;
#[cfg(test)]
mod seeds;
