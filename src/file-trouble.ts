// What the file system's error codes mean, in words.

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of its path is no folder",
  EISDIR: "it is a folder",
  EACCES: "access is denied",
  EPERM: "that is not permitted",
  EROFS: "its file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be too large",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "its name is too long",
  ELOOP: "its symbolic links lead in a circle",
  EBUSY: "it is in use",
  EIO: "the disk failed",
  EPIPE: "nobody reads it any more",
};

/** Why a call of the file system failed. */
export function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return REASONS[code ?? ""] ?? message ?? String(cause);
}

/** Whether an error is the file system's own. */
export const isFileTrouble = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error &&
  typeof (error as NodeJS.ErrnoException).code === "string" &&
  typeof (error as NodeJS.ErrnoException).syscall === "string";
