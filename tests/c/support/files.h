/* Files of a test's own, in a folder that is removed when the process ends. Whatever goes wrong here ends
 * the test. */
#ifndef TEST_FILES_H
#define TEST_FILES_H

/* The folder. */
const char *files_folder(void);

/* Makes a folder in it, or writes a text to a file, and gives the path, which is valid until the process ends. */
const char *files_make_folder(const char *name);
const char *files_write(const char *name, const char *text);

/* The same with what stands in other files: path, …, NULL. */
const char *files_join(const char *name, ...);

/* All of a file, which must be text; the caller frees it. */
char *files_read(const char *path);

#endif
