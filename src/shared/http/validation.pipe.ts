import { Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { invalidFields, type RuleKind, type Violation } from '../errors/field-problems.js';

/** class-validator constraint → kind of rule; what is not listed is a format rule. */
const KINDS: Readonly<Record<string, RuleKind>> = {
  whitelistValidation: 'unknown',
  isDefined: 'required',
  isNotEmpty: 'required',
  isString: 'type',
  isNumber: 'type',
  isInt: 'type',
  isBoolean: 'type',
  isArray: 'type',
  isObject: 'type',
  nestedValidation: 'type',
  min: 'range',
  max: 'range',
  minLength: 'range',
  maxLength: 'range',
  isLength: 'range',
  arrayMinSize: 'range',
  arrayMaxSize: 'range',
};

/** Unknown fields and wrong types are 400 with the field's name; a missing field is reported as missing, not as of wrong type. */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      forbidUnknownValues: false,
      stopAtFirstError: false,
      exceptionFactory: (errors) => invalidFields(errors.flatMap((error) => violationsOf(error, ''))),
    });
  }
}

function violationsOf(error: ValidationError, prefix: string): Violation[] {
  const field = joined(prefix, error.property);
  const contexts = (error.contexts ?? {}) as Record<string, { code?: string } | undefined>;
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]): Violation => {
    const code = contexts[rule]?.code;
    if (rule === 'whitelistValidation') return { field, kind: 'unknown', message: `${field} is not a known field` };
    if (error.value === undefined || error.value === null || (error.value === '' && rule === 'isNotEmpty')) {
      return { field, kind: 'required', message: `${field} is required` };
    }
    return {
      field,
      kind: KINDS[rule] ?? 'format',
      message: prefix ? message.replace(error.property, field) : message,
      ...(code ? { code } : {}),
    };
  });
  const unique = own.filter(
    (v, i) => own.findIndex((other) => other.kind === v.kind && other.message === v.message) === i,
  );
  return [...unique, ...(error.children ?? []).flatMap((child) => violationsOf(child, field))];
}

function joined(prefix: string, property: string): string {
  if (!prefix) return property;
  return /^\d+$/.test(property) ? `${prefix}[${property}]` : `${prefix}.${property}`;
}
