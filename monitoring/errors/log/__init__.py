"""The log: single errors, the ones kept in full and the slim rows of the others."""
