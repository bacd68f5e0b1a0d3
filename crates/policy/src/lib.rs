//! Decides operations with Cedar; pure.
