pub(super) mod draft;
