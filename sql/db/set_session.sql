-- What a comparison and a moment mean does not hang on the host's settings, nor on a log-on trigger's.
ALTER SESSION SET TIME_ZONE = 'UTC' NLS_COMP = BINARY NLS_SORT = BINARY
