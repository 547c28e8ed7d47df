//! Chunks that are stored as they are: HDF5 only notes where they stand. The binding has no such call, so it is made here. HDF5 has it from 1.10.3 on.

use hdf5::Dataset;
use hdf5_metno_sys::h5d::H5Dwrite_chunk;
use hdf5_metno_sys::h5p::H5P_DEFAULT;

/// Stores a packed chunk of a dataset of one dimension: the one whose first value is the row `first`, which the dataset must have.
pub(super) fn put(dataset: &Dataset, first: u64, packed: &[u8]) -> hdf5::Result<()> {
    if dataset.ndim() != 1 || first >= dataset.size() as u64 {
        return Err("a chunk of no row".into());
    }
    let (offset, all_filters) = ([first], 0);
    let written = hdf5::sync::sync(|| {
        let bytes = packed.as_ptr().cast();
        // SAFETY: the dataset is open as long as it is borrowed. It has one dimension, and so has `offset`. HDF5 reads as many bytes as are borrowed,
        // and no other thread is in HDF5 meanwhile.
        unsafe { H5Dwrite_chunk(dataset.id(), H5P_DEFAULT, all_filters, offset.as_ptr(), packed.len(), bytes) }
    });
    if written < 0 { Err("a chunk cannot be written: is the disk full?".into()) } else { Ok(()) }
}
