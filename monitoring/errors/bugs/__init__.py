"""Known bugs: what became of a group of errors that somebody is to fix, with a file and an issue in a tracker."""
