; Not written yet.
