"""Which bytes a store names, and where they are: uploads, downloads, verification, clean-up."""
