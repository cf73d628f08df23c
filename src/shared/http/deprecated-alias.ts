import { applyDecorators, Header } from '@nestjs/common';

/** An old address that answers exactly like `canonical`, e.g. `/api/v1/auth/login`, and says so (api.md 1.1). */
export const DeprecatedAlias = (canonical: string): MethodDecorator =>
  applyDecorators(Header('Deprecation', 'true'), Header('Link', `<${canonical}>; rel="successor-version"`));
