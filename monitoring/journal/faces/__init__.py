"""What code of a project calls to have something written to the journal; works in any process, without Django too."""
