import { ApiClient, ApiError } from './api-client.js';
import type { DataFolder } from './data-folder.js';

const YEAR_SECONDS = 31_536_000;

/** Logs the administrator in. @throws ApiError; a wrong password says where the right one belongs */
export async function login(api: ApiClient, username: string, password: string): Promise<ApiClient> {
  try {
    const { accessToken } = await api.call<{ accessToken: string }>('/auth/login', {
      method: 'POST',
      body: { username, password },
    });
    return api.withToken(accessToken);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'AUTH_INVALID_CREDENTIALS') throw error;
    throw new ApiError(
      error.status,
      error.code,
      `the administrator ${username} cannot log in: this database was set up with another password. Give the right one as ` +
        'BOOTSTRAP_ADMIN_EMAIL and BOOTSTRAP_ADMIN_PASSWORD, or start on a fresh folder with --data',
      error.details,
    );
  }
}

/** The key of the last start when it still works, else a new one; kept in the data folder. @returns the key and whether it is new */
export async function provideApiKey(
  admin: ApiClient,
  username: string,
  folder: Pick<DataFolder, 'recall' | 'remember'>,
): Promise<readonly [string, boolean]> {
  const known = folder.recall().apiKey;
  if (known && (await opens(admin.withKey(known), username))) return [known, false];
  const { apiKey } = await admin.call<{ apiKey: string }>('/auth/api-keys', {
    method: 'POST',
    body: { name: 'quickstart', description: 'Made by npm run quickstart', expiresIn: YEAR_SECONDS },
  });
  folder.remember({ apiKey });
  return [apiKey, true];
}

async function opens(api: ApiClient, email: string): Promise<boolean> {
  try {
    return (await api.call<{ email: string }>('/auth/me')).email === email;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return false;
    throw error;
  }
}
