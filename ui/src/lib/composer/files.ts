/** Files as the engine takes them. */

export interface ReadFile {
  name: string;
  base64: string;
  type: string;
}

export async function readFiles(files: Iterable<File>): Promise<ReadFile[]> {
  const read: ReadFile[] = [];
  for (const file of files)
    read.push({ name: file.name || 'file', base64: await base64Of(file), type: file.type });
  return read;
}

function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^data:[^,]*,/, ''));
    reader.onerror = () => reject(reader.error ?? new Error('the file could not be read'));
    reader.readAsDataURL(file);
  });
}
